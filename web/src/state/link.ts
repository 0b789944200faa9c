/** The health of the link to the server, and the server's clock as far as it can be known here. */

export interface Link {
  phase: "connecting" | "connected" | "lost";
  /** The page's clock when the stream was last connected, and when the newest live frame came. */
  connectedMs: number | null;
  heardMs: number | null;
  /** Server's clock minus the page's: the clock of an old PC may be wrong by hours. */
  skewMs: number;
  /** Why the monitor commits nothing at present, as its newest frame said. */
  stalled: string | null;
}

export const NO_LINK: Link = { phase: "connecting", connectedMs: null, heardMs: null, skewMs: 0, stalled: null };

/** `quiet`: the link stands, but the trouble lies behind the API: no frame comes, or it says why nothing moves. */
export type LinkHealth = "connecting" | "live" | "quiet" | "lost";

const QUIET_AFTER_MS = 5_000;

export function linkHealth(link: Link, pageMs: number): LinkHealth {
  if (link.phase !== "connected") return link.phase;
  if (link.stalled !== null) return "quiet";
  if (pageMs - Math.max(link.heardMs ?? 0, link.connectedMs ?? 0) > QUIET_AFTER_MS) return "quiet";
  return link.heardMs === null ? "connecting" : "live";
}

export function serverTime(link: Link, pageMs: number): number {
  return pageMs + link.skewMs;
}

/**
 * The link after a live frame. The frame that holds all buses does not count: the API sends it from memory,
 * and its time is that of the last live one, however long the monitor has been away.
 */
export function hear(link: Link, frameMs: number, stalled: string | null, pageMs: number): Link {
  return { ...link, heardMs: pageMs, skewMs: frameMs - pageMs, stalled };
}
