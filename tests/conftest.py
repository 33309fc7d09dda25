"""What every test may ask for: the five products, accounts, keys and an API client."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest


@pytest.fixture(autouse=True)
def _forget_what_processes_keep() -> Iterator[None]:
    """Rate cards and terms are kept per process and revision; a test's products must not meet another's."""
    yield
    for module, name in (("usage.selectors.cards", "_kept"), ("usage.selectors.terms", "_loaded")):
        if module in sys.modules:
            getattr(sys.modules[module], name).clear()


@pytest.fixture
def products(db: None) -> dict[str, Any]:
    """The five products as `load_products` loads them, without demo customers; by slug."""
    from organizations.models import Product
    from usage.services.products.files import product_slugs, read_product
    from usage.services.products.load import load_product

    for slug in product_slugs():
        load_product(file=read_product(slug))
    return {product.slug: product for product in Product.objects.all()}


@pytest.fixture
def make_account(products: dict[str, Any]) -> Callable[..., Any]:
    """Opens an account: `make_account("letustalk", external_id="acme", projects=[("front-desk", "live")], paid="10")`."""
    from tests.factories import open_test_account

    def make(product: str, **options: Any) -> Any:
        return open_test_account(products[product], **options)

    return make


@pytest.fixture
def api_key(products: dict[str, Any]) -> Callable[..., str]:
    """Issues a key of a service: `api_key("osmapi", scopes=["usage"])`; all scopes by default."""
    from organizations.models import Scope, Service, ServiceKey

    def issue(service: str, scopes: list[str] | None = None, **options: Any) -> str:
        owner = Service.objects.get(slug=service)
        _, key = ServiceKey.objects.create_key(
            name="test", service=owner, scopes=[str(s) for s in Scope] if scopes is None else scopes, **options
        )
        return str(key)

    return issue


@pytest.fixture
def api(api_key: Callable[..., str]) -> Callable[..., Any]:
    """A client of the REST API with a service's key: `api("aipbx").post("/api/v1/events", json={…})`."""
    from tests.factories import ApiClient

    def client(service: str, scopes: list[str] | None = None) -> ApiClient:
        return ApiClient(api_key(service, scopes))

    return client
