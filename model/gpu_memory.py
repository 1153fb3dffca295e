"""How TensorFlow takes the memory of a GPU: as much as it needs, not all of it at once."""

from __future__ import annotations

import logging
from typing import Any

log = logging.getLogger("newsgate.gpu")


def grow_gpu_memory(config: Any) -> int:
    """Let TensorFlow take the memory of GPUs as it needs it, for others need some too; gives how many there are.

    config: `tensorflow.config`, before anything was computed. Without a GPU nothing is changed.
    """
    devices = config.list_physical_devices("GPU")
    for device in devices:
        try:
            config.experimental.set_memory_growth(device, True)
        except (RuntimeError, ValueError) as error:
            # Something was computed already, or the device cannot do it: it works all the same, and takes all memory.
            log.warning("the memory of %s is taken at once: %s", device.name, error)
    return len(devices)
