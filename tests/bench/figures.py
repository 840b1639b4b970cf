"""What was measured: values by measure and rival, with their median and their ninth decile."""

import collections
import statistics


def p90(values):
    return sorted(values)[round(0.9 * (len(values) - 1))]


class Figures:
    def __init__(self):
        self._values = collections.defaultdict(dict)

    def add(self, measure, rival, *values):
        self._values[measure].setdefault(rival.key, []).extend(values)

    def values(self, measure, rival):
        return self._values[measure].get(rival.key, [])

    def median(self, measure, rival):
        """Nothing if it was not measured."""
        values = self.values(measure, rival)
        return statistics.median(values) if values else None

    def p90(self, measure, rival):
        values = self.values(measure, rival)
        return p90(values) if values else None

    def least(self, measure, rival):
        """Where whatever makes a value larger is none of the rival's: a keepalive of another line."""
        return min(self.values(measure, rival), default=None)

    def as_data(self):
        def summary(values):
            return {"median": statistics.median(values), "p90": p90(values), "least": min(values),
                    "count": len(values)}
        return {measure: {key: summary(values) for key, values in by_rival.items()}
                for measure, by_rival in self._values.items()}
