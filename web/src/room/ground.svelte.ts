/** What lies on the ground beside roads and routes: zones on record, and what people ordered for the streets. */
import { readAdvisories, readWaivers, readZones, type Advisory, type Waiver, type Zone } from "../wire/ground";

/** Nobody announces an advisory, nor a waiver that covers no alert yet. */
const POLL_MS = 30_000;
/** A waiver is announced once for each alert that it covers. */
const GATHER_MS = 300;

export class Ground {
  zones = $state.raw<readonly Zone[]>([]);
  waivers = $state.raw<readonly Waiver[]>([]);
  advisories = $state.raw<readonly Advisory[]>([]);
  #polling: ReturnType<typeof setInterval> | undefined;
  #soon: ReturnType<typeof setTimeout> | undefined;
  #knowsZones = false;

  open(): void {
    this.#polling = setInterval(() => this.readOrders(), POLL_MS);
    this.readOrders();
  }

  close(): void {
    clearInterval(this.#polling);
    clearTimeout(this.#soon);
  }

  /** Reads the orders in a moment, once however often it is asked. What cannot be read now stays as it is. */
  readOrders(): void {
    clearTimeout(this.#soon);
    this.#soon = setTimeout(() => void this.#read(), GATHER_MS);
  }

  async #read(): Promise<void> {
    await Promise.allSettled([
      readWaivers().then((waivers) => (this.waivers = waivers)),
      readAdvisories().then((advisories) => (this.advisories = advisories)),
      this.#knowsZones ? undefined : readZones().then((zones) => ([this.zones, this.#knowsZones] = [zones, true])),
    ]);
  }
}
