/** Which buses are silent though they should report. */
import type { Alerts } from "./alerts";

/** The buses whose silence is an alert that goes on and that nobody called false. */
export function silentBuses(alerts: Alerts): ReadonlySet<string> {
  const buses = new Set<string>();
  for (const { alert, endedMs } of alerts.entries.values()) {
    if (alert.rule === "silent" && endedMs === null && alert.status !== "false_alarm") buses.add(alert.bus_id);
  }
  return buses;
}
