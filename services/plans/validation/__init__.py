"""What makes a plan valid: every fault at once, each with a code, the step and the field."""

from services.plans.validation.faults import Fault, FaultCode, Report
from services.plans.validation.validate import validate

__all__ = ["Fault", "FaultCode", "Report", "validate"]
