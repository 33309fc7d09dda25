"""What the API's slower endpoints take and answer. Texts must be texts: no number is taken for one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from organizations.models import Mode
from organizations.services.accounts import ProjectSpec
from usage.api.fields import TEXT_LENGTH_MAX

PROJECTS_MAX = 100


class TextField(serializers.CharField):
    """A text as it was sent, white space included."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(trim_whitespace=False, **{"max_length": TEXT_LENGTH_MAX, **kwargs})

    def to_internal_value(self, data: Any) -> str:
        """The text; anything else is refused."""
        if not isinstance(data, str):
            self.fail("invalid")
        return str(super().to_internal_value(data))


class AddressField(serializers.EmailField):
    """An e-mail address."""

    def to_internal_value(self, data: Any) -> str:
        """The address; anything but a text is refused."""
        if not isinstance(data, str):
            self.fail("invalid")
        return str(super().to_internal_value(data))


class ExactSerializer(serializers.Serializer[Any]):
    """Refuses names it does not know: a misspelt one must not be taken for one left out."""

    def to_internal_value(self, data: Any) -> Any:
        """The checked values by name."""
        if isinstance(data, Mapping):
            unknown = {name[:40]: ["There is no such field."] for name in data if name not in self.fields}
            if unknown:
                raise serializers.ValidationError(unknown)
        return super().to_internal_value(data)


class ProjectSerializer(ExactSerializer):
    """A project to be made."""

    project = TextField(help_text="The service's own identifier.")
    name = TextField(required=False)
    mode = serializers.ChoiceField(choices=Mode.choices, required=False, help_text="The product's default if left out.")


_IDENTIFIER = {"type": "string", "minLength": 1, "maxLength": TEXT_LENGTH_MAX}


@extend_schema_field(
    {
        "oneOf": [
            _IDENTIFIER,
            {
                "type": "object",
                "properties": {
                    "project": _IDENTIFIER,
                    "name": _IDENTIFIER,
                    "mode": {
                        "type": "string",
                        "enum": Mode.values,
                        "description": "The product's default if left out.",
                    },
                },
                "required": ["project"],
                "additionalProperties": False,
            },
        ]
    }
)
class ProjectField(serializers.Field[ProjectSpec, Any, Any, Any]):
    """A project: its identifier alone, or an object."""

    def to_internal_value(self, data: Any) -> ProjectSpec:
        """The project as it will be made."""
        inner = ProjectSerializer(data={"project": data} if isinstance(data, str) else data)
        inner.is_valid(raise_exception=True)
        found = inner.validated_data
        return ProjectSpec(found["project"], found.get("name", ""), found.get("mode"))

    def to_representation(self, value: ProjectSpec) -> dict[str, Any]:
        """The project as an object."""
        return {"project": value.external_id, "name": value.name, "mode": value.mode}


class NewAccountSerializer(ExactSerializer):
    """A tenant that signed up at the service."""

    account = TextField(help_text="The service's own identifier.")
    name = TextField()
    email = AddressField(max_length=254, help_text="The owner, who is invited by e-mail.")
    country = TextField(max_length=2, required=False, allow_blank=True, help_text="ISO 3166, two capital letters.")
    timezone = TextField(
        max_length=64, required=False, allow_blank=True, help_text="Such as America/New_York. Days and caps follow it."
    )
    projects = serializers.ListField(
        child=ProjectField(),
        required=False,
        max_length=PROJECTS_MAX,
        help_text='Without any, one named "default" is made. An account that exists gets those that it lacks.',
    )

    def validate_projects(self, value: list[ProjectSpec]) -> list[ProjectSpec]:
        """Each identifier once."""
        if len({spec.external_id for spec in value}) != len(value):
            raise serializers.ValidationError("A project is named more than once.")
        return value


class ProjectAnswerSerializer(serializers.Serializer[Any]):
    """A project of an account."""

    project = serializers.CharField()
    name = serializers.CharField()
    mode = serializers.ChoiceField(choices=Mode.choices)


class AccountSerializer(serializers.Serializer[Any]):
    """An account as the service sees it."""

    account = serializers.CharField()
    name = serializers.CharField()
    email = serializers.CharField(allow_blank=True)
    country = serializers.CharField(allow_blank=True)
    timezone = serializers.CharField()
    status = serializers.CharField()
    currency = serializers.CharField()
    projects = ProjectAnswerSerializer(many=True)
    created_at = serializers.DateTimeField()
