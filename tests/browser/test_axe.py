"""Axe finds what was planted: only then does it mean something that it finds nothing on the pages."""

import pytest
from playwright.sync_api import Browser

from tests import axe

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("pages")]

PLANTED = """<!doctype html><html><head><title>Planted faults</title></head><body><main><h1>Faults</h1>
<button></button>
<p style="color:#aaa;background:#fff">Too faint to be read</p>
<p><button style="width:10px;height:10px;padding:0" aria-label="a"></button
><button style="width:10px;height:10px;padding:0" aria-label="b"></button></p>
<input type="text">
</main></body></html>"""


def test_axe_finds_planted_faults(browser: Browser) -> None:
    page = browser.new_page()
    page.set_content(PLANTED)
    found = {each.rule for each in axe.examine(page).violations}
    page.close()
    assert {"button-name", "color-contrast", "html-has-lang", "target-size", "label"} <= found
