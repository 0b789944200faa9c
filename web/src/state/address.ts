/**
 * Which view of the page is open and what it shows, as the part of the address after `#`:
 * `#/review?bus=B0001&from=…`. The whole view is in it, so a link opens the same view elsewhere.
 */
export const VIEWS = ["live", "review", "overview", "evidence"] as const;
export type View = (typeof VIEWS)[number];

export interface Address {
  view: View;
  /** What the view is about, such as an alert; empty when the view is about nothing by itself. */
  subject: string;
  query: URLSearchParams;
}

function isView(name: string | undefined): name is View {
  return VIEWS.some((view) => view === name);
}

/** The address that a hash names; the live view for one that names nothing. */
export function readAddress(hash: string): Address {
  const [path = "", query = ""] = hash.replace(/^#?\/?/, "").split("?", 2);
  const [view, ...subject] = path.split("/");
  if (!isView(view)) return { view: "live", subject: "", query: new URLSearchParams() };
  try {
    return { view, subject: decodeURIComponent(subject.join("/")), query: new URLSearchParams(query) };
  } catch {
    return { view, subject: "", query: new URLSearchParams(query) }; // a broken %-escape
  }
}

/** The hash of a view; values that are undefined are left out. */
export function addressOf(view: View, subject = "", query: Readonly<Record<string, string | undefined>> = {}): string {
  const stated = Object.entries(query).filter((pair): pair is [string, string] => pair[1] !== undefined);
  const asked = stated.length === 0 ? "" : `?${new URLSearchParams(stated)}`;
  return `#/${view}${subject === "" ? "" : `/${encodeURIComponent(subject)}`}${asked}`;
}
