"""The pages of alerts: what fires, the rules, where it is told, and what was told."""

from fastapi import APIRouter

from tracehub.web.alerts import channels_routes, notifications_routes, routes, rules_routes, silences_routes


def routers() -> list[APIRouter]:
    """Every page of alerts."""
    return [
        rules_routes.router,
        channels_routes.router,
        silences_routes.router,
        notifications_routes.router,
        routes.router,
    ]
