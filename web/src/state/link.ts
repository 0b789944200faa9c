/** The health of the link to the server, and the server's clock as far as it can be known here. */

export interface Link {
  phase: "connecting" | "connected" | "lost";
  /** The page's clock when the newest frame came; null before the first. */
  heardMs: number | null;
  /** Server's clock minus the page's: the clock of an old PC may be wrong by hours. */
  skewMs: number;
}

export const NO_LINK: Link = { phase: "connecting", heardMs: null, skewMs: 0 };

/** `quiet`: the link stands, but no frame comes, so the trouble lies behind the API. */
export type LinkHealth = "connecting" | "live" | "quiet" | "lost";

const QUIET_AFTER_MS = 5_000;

export function linkHealth(link: Link, pageMs: number): LinkHealth {
  if (link.phase !== "connected") return link.phase;
  if (link.heardMs === null) return "connecting";
  return pageMs - link.heardMs > QUIET_AFTER_MS ? "quiet" : "live";
}

export function serverTime(link: Link, pageMs: number): number {
  return pageMs + link.skewMs;
}
