/** What a person does about an alert, and the call that records it. */
import { ask } from "./client";
import type { Alert, FalseReason } from "./contract";

export type Deed =
  | { verb: "acknowledge" | "close" | "note"; note: string }
  | { verb: "false-alarm"; reason: FalseReason; note: string }
  /** `to` is null to take the alert away from whoever holds it. */
  | { verb: "assign"; to: string | null; note: string };

/** Acts upon the version of the alert that the operator saw; rejects with a conflict when it has moved on. */
export function actOnAlert(alert: Alert, { verb, note, ...more }: Deed, by: string): Promise<Alert> {
  return ask(`/alerts/${encodeURIComponent(alert.alert_id)}/${verb}`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ ...more, by, note: note === "" ? null : note, version: alert.version }),
  });
}
