"""What a mapping wants and the catalog in force does not have: refused, told, or nobody's business."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from schemas.intake import Intake
from streams.errors import MappingError
from streams.intake.against_catalog import check_mapping, named, unknown, unusable
from streams.intake.mapping import mapping_text, read_mapping
from streams.settings import Settings
from tests.builders import plan_of, shipped

SECRET = SecretStr("a-secret-of-some-length")
CATALOG = """
version: 1
currency: {report: EUR, rates: {GBP: {rate: 1.15}}}
dimensions: {channel: {keeps: first, members: 20}}
subjects: {deal: {id: deal_id, stages: {talks: 0.5}, stages_from: {crm.deal.stage_changed: to_stage}}}
kpis: {}
"""
EUROS = plan_of(CATALOG)
OTHER_STAGES = (
    CATALOG.replace("GBP:", "USD:")
    + """
events:
  crm.x.lead.described: {id: lead_id, required: {lead_id: id}}
  crm.x.deal.described: {id: deal_id, required: {deal_id: id}}
  crm.x.ticket.described: {id: ticket_id, required: {ticket_id: id}}
"""
)
UNDECLARED = (
    "the catalog does not declare crm.x.{}.described, by which {} are told: copy it from the `events:`"
    " of the shipped catalog"
)


def told(text: str, directory: Path, **secrets: Any) -> list[str]:
    """Of a mapping of somebody's own, against the catalog that has euros and channels only."""
    file = directory / "mine.yaml"
    file.write_text(text)
    settings = Settings(intake_mapping=file, **secrets)
    return check_mapping(read_mapping(text, "mine.yaml"), EUROS, settings)


def refused(text: str, directory: Path, **secrets: Any) -> list[str]:
    with pytest.raises(MappingError) as error:
        told(text, directory, **secrets)
    return str(error.value).splitlines()


def test_the_shipped_catalog_has_all_that_the_shipped_mapping_wants() -> None:
    mapping = Intake(version=1)
    assert not [*unknown(mapping, shipped()), *unusable(mapping, shipped())]


def test_a_dimension_and_a_stage_that_the_catalog_does_not_have_are_refused_with_their_lines(
    tmp_path: Path,
) -> None:
    text = """version: 1
zendesk:
  dimensions:
    chanel: via.channel
"""
    assert refused(text, tmp_path, intake_zendesk_secrets=SECRET) == [
        "mine.yaml: line 4: zendesk.dimensions.chanel: the catalog has no dimension 'chanel';"
        " did you mean 'channel'?"
    ]
    text = """version: 1
salesforce:
  opportunity:
    dimensions: {channel: LeadSource}
    stages:
      Prospecting: talks
      Closing: talk
"""
    assert (
        "mine.yaml: line 7: salesforce.opportunity.stages.Closing: the catalog has no stage of deals 'talk';"
        " did you mean 'talks'?"
    ) in refused(text, tmp_path, intake_salesforce_tokens=SECRET)


def test_a_stage_whose_id_is_a_number_in_the_file_is_one_that_the_file_names(tmp_path: Path) -> None:
    text = "version: 1\nhubspot:\n  currency: EUR\n  deal:\n    stages:\n      98765430: talk\n"
    found = refused(text, tmp_path, intake_hubspot_secrets=SECRET)
    assert found[0].startswith("mine.yaml: line 5: hubspot.deal.stages.98765430: the catalog has no stage")


def test_a_currency_of_the_file_without_a_rate_is_refused(tmp_path: Path) -> None:
    found = refused("version: 1\nhubspot:\n  currency: SEK\n", tmp_path, intake_hubspot_secrets=SECRET)
    assert found[0] == "mine.yaml: line 3: hubspot.currency: no rate for 'SEK'; the catalog has EUR, GBP"


def test_an_event_type_that_the_mapping_makes_and_the_catalog_does_not_declare_is_refused(
    tmp_path: Path,
) -> None:
    text = """version: 1
hubspot:
  currency: GBP
  deal: {dimensions: {}, stages: {}}
  contact: {dimensions: {}}
"""
    assert refused(text, tmp_path, intake_hubspot_secrets=SECRET) == [
        f"mine.yaml: line 4: hubspot.deal: {UNDECLARED.format('deal', 'amounts and dimensions')}",
        f"mine.yaml: line 2: hubspot.ticket: {UNDECLARED.format('ticket', 'dimensions')}",
    ]


@pytest.mark.parametrize("is_named", [False, True])
def test_what_would_be_dead_letters_by_default_is_refused_too(is_named: bool, tmp_path: Path) -> None:
    """Whether the shipped file is named in the settings (as in a container) or not."""
    text, source = mapping_text(Settings())
    (tmp_path / "mine.yaml").write_text(text)
    mapping = read_mapping(text, source)
    file = tmp_path / "mine.yaml" if is_named else None
    with pytest.raises(MappingError) as error:
        check_mapping(mapping, EUROS, Settings(intake_mapping=file, intake_hubspot_secrets=SECRET))
    assert {problem.path for problem in error.value.problems} == {
        "hubspot.currency",
        "hubspot.contact",
        "hubspot.deal",
        "hubspot.ticket",
    }


def test_stages_as_they_are_proposed_are_told_where_the_catalog_has_others() -> None:
    mapping = read_mapping(*mapping_text(Settings()))
    found = check_mapping(mapping, plan_of(OTHER_STAGES), Settings(intake_hubspot_secrets=SECRET))
    assert len(found) == 5 and all(": hubspot.deal.stages." in one for one in found)


def test_of_a_vendor_without_secrets_only_what_somebody_wrote_is_told(tmp_path: Path) -> None:
    assert told("version: 1\n", tmp_path) == []
    assert told("version: 1\nsalesforce:\n  currency: SEK\n", tmp_path) == [
        "line 3: salesforce.currency: no rate for 'SEK'; the catalog has EUR, GBP"
    ]


def test_every_field_that_names_dimensions_stages_or_a_currency_is_found() -> None:
    """Wherever it stands in a vendor's section."""
    paths = {".".join(map(str, path)) for path, _ in named(Intake(version=1), "dimensions")}
    assert {"zendesk.dimensions", "hubspot.deal.dimensions", "stripe.refund.dimensions"} < paths
    stages = {path[:2] for path, _ in named(Intake(version=1), "stages")}
    assert stages == {("hubspot", "deal"), ("salesforce", "opportunity")}
    assert [path for path, _ in named(Intake(version=1), "currency")] == [
        ("hubspot", "currency"),
        ("salesforce", "currency"),
    ]
