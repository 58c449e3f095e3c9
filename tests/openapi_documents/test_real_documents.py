"""Real documents of npm packages, imported whole: `make soak`, with node. docs/openapi.md has the counts."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import pytest

from db.session import Database
from services import audit
from services.components.definitions import ComponentDefinition
from services.components.importing import EntryState, ImportService
from services.components.openapi.apart import DocumentReader
from services.components.openapi.model import ApiDocument, DocumentFaultCode, DocumentRefused, ReadingOptions
from services.components.service import ComponentService
from tests.support import npm
from tests.support.documents import ROOT, table_rows

pytestmark = pytest.mark.soak

HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Real:
    """A document: its package, its file in there, and where its API is, if it doesn't say."""

    package: str
    file: str
    server: str = ""


DOCUMENTS = (
    Real("@octokit/openapi", "generated/api.github.com.json"),
    Real("@directus/specs", "dist/openapi.json", server="https://directus.example"),
    Real("@blockfrost/openapi", "openapi.yaml"),
    Real("rclone-openapi", "openapi.json"),
    Real("@digdir/dialogporten-schema", "swagger.verified.json"),
)


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the packages are; skips where they can't be had, and says so."""
    if name := npm.missing():
        pytest.skip(f"NO {name.upper()}: real OpenAPI documents are NOT imported. Install Node.js.")
    found = tmp_path_factory.mktemp("openapi-documents")
    try:
        npm.install(HERE, found)
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        pytest.skip(f"NO OpenAPI documents: npm could not install them ({error}), so they are NOT imported.")
    return found / "node_modules"


async def read(packages: Path, real: Real) -> ApiDocument:
    source = (packages / real.package / real.file).read_bytes()
    return await DocumentReader().read(source, ReadingOptions(server=real.server))


def counts(document: ApiDocument) -> list[str]:
    """A row of the table in docs/openapi.md."""
    made = [each for each in document.operations if each.definition]
    cut = [each for each in made if each.cuts]
    numbers = (len(document.operations), len(made), len(document.operations) - len(made), len(cut))
    return [document.openapi, *(f"{number:,}" for number in numbers)]


@pytest.mark.parametrize("real", DOCUMENTS, ids=lambda real: real.package)
async def test_it_is_imported_whole_and_once(
    database: Database, workspace_id: UUID, packages: Path, real: Real
) -> None:
    document = await read(packages, real)
    rows = table_rows((ROOT / "docs/openapi.md").read_text(), "Real documents")
    assert counts(document) == rows[real.package][: len(counts(document))]
    for each in document.operations:
        assert each.definition or each.refused
        assert each.definition is None or ComponentDefinition.model_validate(dict(each.definition))
    service = ImportService()
    for _ in range(2):
        async with database.transaction() as session:
            result = await service.carry_out(
                session, workspace_id, document, chosen=None, refused_origins={}, actor=audit.OPERATOR
            )
    assert result.updated == result.created == ()
    async with database.reading() as session:
        preview = await service.preview(session, workspace_id, document, refused_origins={})
        active = await ComponentService().count_active(session, workspace_id)
    assert {entry.state for entry in preview.entries} <= {EntryState.UNCHANGED, EntryState.REFUSED}
    assert active == len(preview.in_state(EntryState.UNCHANGED))


async def test_github_s_document_with_all_references_filled_in_is_too_large(packages: Path) -> None:
    with pytest.raises(DocumentRefused) as refused:
        await read(packages, Real("@octokit/openapi", "generated/api.github.com.deref.json"))
    assert refused.value.code == DocumentFaultCode.TOO_LARGE
