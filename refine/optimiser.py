"""Adam over some networks, as every refiner uses it: one rate for all weights, given anew at each step."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor, nn

from refine.processes import average_gradients


class Optimiser:
    """Adam (second momentum 0.999) over the weights of networks.

    It is fused into few kernels and its learning rate is a tensor on the device, so that a captured step can be
    replayed with another rate. On CUDA it is capturable: its count of steps, too, lies on the device.
    """

    def __init__(self, networks: Iterable[nn.Module], beta1: float, device: torch.device) -> None:
        self.weights = [weight for network in networks for weight in network.parameters()]
        self.rate = torch.zeros((), device=device)
        self._cuda = device.type == "cuda"
        self.adam = torch.optim.Adam(
            self.weights, lr=self.rate, betas=(beta1, 0.999), fused=True, capturable=self._cuda
        )  # fmt: skip

    def lower(self, loss: Tensor, learning_rate: Tensor) -> None:
        """One step down the gradient of a loss, averaged over all processes. learning_rate: scalar on the device."""
        self.adam.zero_grad(set_to_none=True)
        loss.backward()
        average_gradients(self.weights)
        self.rate.copy_(learning_rate)
        self.adam.step()

    def state(self) -> dict[str, Any]:
        """Moments and counts of steps by the place of their weight; the rate is given at each step."""
        return {"state": self.adam.state_dict()["state"]}

    def load_state(self, state: dict[str, Any]) -> None:
        """Put back what `state` gave; how the steps are computed stays as it is on this device."""
        groups = self.adam.state_dict()["param_groups"]
        self.adam.load_state_dict({"state": state["state"], "param_groups": groups})
        for group in self.adam.param_groups:
            group["lr"] = self.rate  # loading puts a copy in its place
