"""The memory of GPUs is taken as it is needed, where there are any."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field

import pytest

from newsgate.model.gpu_memory import grow_gpu_memory


@dataclass
class _Device:
    name: str


@dataclass
class _Config:
    """As much of `tensorflow.config` as is asked."""

    devices: list[_Device]
    refusal: Exception | None = None
    grown: list[str] = field(default_factory=list)

    @property
    def experimental(self) -> _Config:
        return self

    def list_physical_devices(self, kind: str) -> list[_Device]:
        assert kind == "GPU"
        return self.devices

    def set_memory_growth(self, device: _Device, wanted: bool) -> None:
        assert wanted is True
        if self.refusal is not None:
            raise self.refusal
        self.grown.append(device.name)


def test_without_a_gpu_nothing_is_changed() -> None:
    config = _Config([])
    assert grow_gpu_memory(config) == 0
    assert config.grown == []


def test_the_memory_of_every_gpu_grows() -> None:
    config = _Config([_Device("/gpu:0"), _Device("/gpu:1")])
    assert grow_gpu_memory(config) == 2
    assert config.grown == ["/gpu:0", "/gpu:1"]


@pytest.mark.parametrize("refusal", [RuntimeError("initialised already"), ValueError("no such device")])
def test_a_gpu_that_refuses_is_used_all_the_same(refusal: Exception, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING, logger="newsgate.gpu")
    assert grow_gpu_memory(_Config([_Device("/gpu:0")], refusal)) == 1
    assert f"the memory of /gpu:0 is taken at once: {refusal}" in caplog.text
