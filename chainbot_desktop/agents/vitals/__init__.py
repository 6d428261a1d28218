"""What agents do at this moment, in figures: activity, CPU and memory, tokens, and what passes between them."""

from chainbot_desktop.agents.vitals.figures import Figures, Pulse, Rate
from chainbot_desktop.agents.vitals.service import AgentVitals

__all__ = ["AgentVitals", "Figures", "Pulse", "Rate"]
