"""The bill of materials: every package once, references that exist, and what the wheel requires marked as such."""

from __future__ import annotations

from sbom import bill


def test_bill_of_materials() -> None:
    found = bill()
    assert (found["bomFormat"], found["specVersion"]) == ("CycloneDX", "1.6")
    components = {component["name"]: component for component in found["components"]}
    assert len(components) == len(found["components"])
    assert components["torch"]["scope"] == components["numba"]["scope"] == "required"
    assert components["pytest"]["scope"] == "optional"
    references = {component["bom-ref"] for component in [found["metadata"]["component"], *components.values()]}
    assert {each["ref"] for each in found["dependencies"]} == references
    assert all(set(each["dependsOn"]) <= references for each in found["dependencies"])
    assert all(component["purl"] == component["bom-ref"] for component in components.values())
    assert found == bill()
