"""The numbers of the detector."""

from fleet.parameters import Parameters, SpeedingParameters


def test_equal_values_have_one_version_and_other_values_another() -> None:
    assert Parameters().version == Parameters().version
    assert Parameters(speeding=SpeedingParameters(tolerance_kmh=6.0)).version != Parameters().version


def test_the_band_between_opening_and_closing_is_not_empty() -> None:
    assert SpeedingParameters().leave_kmh < SpeedingParameters().tolerance_kmh
