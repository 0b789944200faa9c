/** News that rings, gathered for a moment: many alerts at once are one tone, one notice, one sentence. */
import type { Alerts, Entry } from "../state/alerts";
import { ringsBetween, stillRinging, type Cause, type Ring } from "../state/ringing";

const GATHER_MS = 300;

export interface Arrival {
  cause: Cause;
  entry: Entry;
}

export class Arrivals {
  #gathered: Ring[] = [];
  #telling: ReturnType<typeof setTimeout> | undefined;
  readonly #alerts: () => Alerts;
  readonly #tell: (arrivals: Arrival[]) => void;

  constructor(alerts: () => Alerts, tell: (arrivals: Arrival[]) => void) {
    this.#alerts = alerts;
    this.#tell = tell;
  }

  /** What came to be known, after what was known before. */
  hear(before: Alerts, after: Alerts): void {
    const rings = ringsBetween(before, after);
    if (rings.length === 0) return;
    this.#gathered.push(...rings);
    this.#telling ??= setTimeout(() => this.#flush(), GATHER_MS);
  }

  close(): void {
    clearTimeout(this.#telling);
  }

  #flush(): void {
    this.#telling = undefined;
    const { entries } = this.#alerts();
    const arrivals = stillRinging(this.#gathered, this.#alerts()).flatMap(({ cause, alertId }) => {
      const entry = entries.get(alertId);
      return entry === undefined ? [] : [{ cause, entry }];
    });
    this.#gathered = [];
    if (arrivals.length > 0) this.#tell(arrivals);
  }
}
