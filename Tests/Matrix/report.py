"""The report on the terminal: a line for each case, and below it what changes."""

from collections import Counter
from typing import Any

import expectations
from cases import Case
from judge import Result

OUTCOMES = ("kept", "converted", "refused", "failed")


class Report:
    """Prints results as they come, and counts them."""

    def __init__(self, recorded: dict[str, dict[str, Any]] | None) -> None:
        """`recorded` are the expectations, None where results are recorded and not compared."""
        self.recorded = recorded
        self.differing = 0
        """How many cases are not as expected, or failed."""
        self._outcomes: Counter[str] = Counter()
        self._unexplained = 0
        self._group = ""

    def add(self, case: Case, result: Result) -> None:
        """Prints one result."""
        if case.group != self._group:
            self._group = case.group
            print(f"\n{case.group}")
        print(f"  {result.outcome:9}  {case.name}")
        for aspect, detail in result.converted.items():
            _detail(f"{aspect}: {detail}")
        for aspect, detail in result.lost.items():
            _detail(f"{aspect} lost: {detail} [{result.reasons.get(aspect, 'no reason known')}]")
        if result.message:
            _detail(result.message)
        differences = [] if self.recorded is None else expectations.differences(result, self.recorded.get(case.name))
        for difference in differences:
            print(f"   DIFFERS   {difference}", flush=True)
        self.differing += bool(differences) or result.outcome == "failed"
        self._outcomes[result.outcome] += 1
        self._unexplained += len(result.unexplained)

    def summary(self) -> str:
        """The counts of the outcomes and of losses without a reason."""
        counts = [f"{self._outcomes[outcome]} {outcome}" for outcome in OUTCOMES if self._outcomes[outcome]]
        return (f"{self._outcomes.total()} cases: {', '.join(counts)}; "
                f"{self._unexplained} losses without a known reason")


def _detail(text: str) -> None:
    print(f"{'':13}{text}", flush=True)
