"""Knows which run of an agent belongs to which call, from what a log has told so far."""

from collections import OrderedDict
from collections.abc import Iterable
from typing import TypeVar

import msgspec

from tracehub.bedrock.found import Message
from tracehub.bedrock.shapes import run_of
from tracehub.members import mapping, text
from tracehub.model.part import Part, Step

_REMEMBERED = 20_000
_Key = TypeVar("_Key")
_Value = TypeVar("_Value")
_Chain = tuple[str, ...]


class Remembered(msgspec.Struct, frozen=True, array_like=True):
    """What a call tree was told, oldest first, as it is kept between two sittings."""

    roots: list[tuple[str, str]] = []
    links: list[tuple[str, str]] = []
    asking: list[tuple[str, tuple[str, tuple[str, ...]]]] = []
    open: list[tuple[tuple[str, ...], list[str]]] = []


class CallTree:
    """Finds the top agent's run above every run; what it was told long ago it forgets."""

    def __init__(self) -> None:
        self._roots: OrderedDict[str, str] = OrderedDict()
        self._links: OrderedDict[str, str] = OrderedDict()
        self._asking: OrderedDict[str, tuple[str, _Chain]] = OrderedDict()
        self._open: OrderedDict[_Chain, list[str]] = OrderedDict()

    def learn(self, messages: Iterable[Message]) -> None:
        """Notes what is told only after it is needed: whose call a run was, and who hands back control."""
        for message in messages:
            if message.part is not None:
                for step in message.part.steps:
                    self._learn_step(step, message.part)

    def place(self, part: Part, run_id: str) -> str:
        """The trace_id of a message of the run `run_id`; notes the collaborator calls that it opens or ends."""
        root = self.root_of(run_id, part.chain)
        for step in part.steps:
            if step.member == "invocationInput":
                if arn := _called(step, "agentCollaboratorInvocationInput"):
                    _remember(self._open, (*part.chain, arn), [*self._open.get((*part.chain, arn), []), root])
            elif step.member == "observation" and (arn := _called(step, "agentCollaboratorInvocationOutput")):
                self._end_call((*part.chain, arn), root)
        return root

    def adopt(self, run_id: str, root: str) -> None:
        """Notes what a recorder knows: the run belongs to the call `root`."""
        _remember(self._roots, run_id, root)

    def root_of(self, run_id: str, chain: _Chain) -> str:
        """The run above `run_id`: itself unless `chain` makes it a collaborator of a known call."""
        if root := self._roots.get(run_id):
            return root
        root = run_id
        if len(chain) > 1:
            parent = self._links.get(run_id)
            opened = self._open.get(chain)
            root = self._roots.get(parent, parent) if parent else opened[-1] if opened else run_id
        _remember(self._roots, run_id, root)
        return root

    def asking(self, return_control_id: str | None) -> str | None:
        """The trace_id of the call that handed back control under this invocationId, if its trace told so."""
        asked_by = self._asking.get(return_control_id) if return_control_id else None
        return self.root_of(*asked_by) if asked_by else None

    def snapshot(self, most: int) -> Remembered:
        """The latest `most` of everything that was told."""
        return Remembered(
            roots=_latest(self._roots, most),
            links=_latest(self._links, most),
            asking=_latest(self._asking, most),
            open=_latest(self._open, most),
        )

    def restore(self, remembered: Remembered) -> None:
        """Goes on from a snapshot."""
        self._roots.update(remembered.roots)
        self._links.update(remembered.links)
        self._asking.update(remembered.asking)
        self._open.update(remembered.open)

    def _learn_step(self, step: Step, part: Part) -> None:
        run_id = run_of(step.step_id)
        if run_id is None:
            return
        if step.member == "observation":
            output = mapping(step.value, "agentCollaboratorInvocationOutput")
            child = run_of(text(mapping(output, "metadata"), "clientRequestId")) if output else None
            if child and child != run_id:
                _remember(self._links, child, run_id)
        elif step.member == "invocationInput":
            asked = text(mapping(step.value, "actionGroupInvocationInput"), "invocationId")
            if asked:
                _remember(self._asking, asked, (run_id, part.chain))

    def _end_call(self, chain: _Chain, root: str) -> None:
        opened = self._open.get(chain)
        if opened and root in opened:
            opened.remove(root)
            if not opened:
                del self._open[chain]


def _called(step: Step, member: str) -> str | None:
    value = step.value.get(member)
    arn = value.get("agentCollaboratorAliasArn") if isinstance(value, dict) else None
    return arn if isinstance(arn, str) else None


def _remember(mapping: OrderedDict[_Key, _Value], key: _Key, value: _Value) -> None:
    mapping[key] = value
    if len(mapping) > _REMEMBERED:
        mapping.popitem(last=False)


def _latest(mapping: OrderedDict[_Key, _Value], most: int) -> list[tuple[_Key, _Value]]:
    return list(mapping.items())[-most:]
