"""Ends an installation by a Python that is too old at once: pip asks for its version only after all dependencies."""

import sys

from hatchling.metadata.plugin.interface import MetadataHookInterface

if sys.version_info < (3, 11):  # noqa: UP036 - see above
    sys.exit("pkgstatus-bot needs Python 3.11 or newer, and this is " + sys.version.split()[0] + ".")


class Unchanged(MetadataHookInterface):
    """Hatch wants a hook here; what pyproject.toml says stands as it is."""

    def update(self, metadata: dict[str, object]) -> None:
        """Change nothing."""
