"""How objects of one version become objects of another: what may be declared, and what a webhook would be asked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from labrunner.sim.errors import ApiError, FieldError, forbidden_field, not_supported, required
from labrunner.sim.objects import Obj, get_path
from labrunner.sim.validation import webhooks

if TYPE_CHECKING:
    from labrunner.sim.store import Store

_PATH: Final = "spec.conversion"
_STRATEGIES: Final = ("None", "Webhook")
_TIMEOUT: Final = 30  # seconds that the server gives a conversion webhook


def check(declared: Obj) -> list[FieldError]:
    """Everything wrong with ``spec.conversion``. The server knows ``webhook.*`` without that level."""
    strategy = declared.get("strategy") or ""
    webhook: Obj = declared.get("webhook") or {}
    client, reviews = f"{_PATH}.webhookClientConfig", f"{_PATH}.conversionReviewVersions"
    out: list[FieldError] = []
    if not strategy:
        out.append(required(f"{_PATH}.strategy"))
    elif strategy not in _STRATEGIES:
        out.append(not_supported(f"{_PATH}.strategy", strategy, _STRATEGIES))
    versions: list[str] = webhook.get("conversionReviewVersions") or []
    if strategy == "Webhook":
        if webhook.get("clientConfig") is None:
            out.append(required(client, "required when strategy is set to Webhook"))
        else:
            out += webhooks.client_config(webhook["clientConfig"], client)
        return out + webhooks.review_versions(versions, reviews, "")
    detail = "should not be set when strategy is not set to Webhook"
    if webhook.get("clientConfig") is not None:
        out.append(forbidden_field(client, detail))
    return out + ([forbidden_field(reviews, detail)] if versions else [])


def asks_webhook(definition: Obj) -> bool:
    """Whether a webhook converts between the versions."""
    return bool(get_path(definition, "spec", "conversion", "strategy") == "Webhook")


def refusal(definition: Obj, obj: Obj, store: Store) -> ApiError:
    """500: nobody answers for the conversion webhook of *definition*, as no workload of this cluster really runs."""
    client: Obj = get_path(definition, "spec", "conversion", "webhook", "clientConfig", default={})
    service: Obj | None = client.get("service")
    if service is None:
        url = str(client.get("url") or "")
        why = f"dial tcp: lookup {urlsplit(url).hostname}: no such host"
    else:
        name, namespace = service.get("name") or "", service.get("namespace") or ""
        port = service.get("port") or 443
        url = f"https://{name}.{namespace}.svc:{port}{service.get('path') or '/'}"
        found = store.get("services", namespace, name)
        why = f'service "{name}" not found'
        if found is not None:
            why = f"dial tcp {found['spec'].get('clusterIP')}:{port}: connect: connection refused"
    kind = f"{obj.get('apiVersion')}, Kind={obj.get('kind')}"
    return ApiError(500, "", f'conversion webhook for {kind} failed: Post "{url}?timeout={_TIMEOUT}s": {why}')
