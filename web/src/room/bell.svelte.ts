/**
 * What an operator hears and sees beyond the page: a short tone, and a notice on the desktop.
 *
 * Which news rings is decided in state/ringing. A browser lets no page sound before somebody has clicked in it, and
 * shows no notice before somebody has allowed it; both are said in words by whoever draws the switch. Of several pages
 * of one browser the first that may sound does; when it is closed, the next.
 */
import { maySound, type Cause } from "../state/ringing";
import { preferences } from "./preferences.svelte";

/** Notes of a tone: hertz, and seconds from its beginning. */
const TONES: Record<Cause, [hertz: number, at: number][]> = {
  critical: [[880, 0], [1175, 0.16]],
  escalated: [[740, 0], [740, 0.18], [988, 0.36]],
};
const NOTE_S = 0.14;
const LOUDNESS = 0.2;
const LOCK = "buswatch.bell";

export type SoundState = "on" | "muted" | "blocked" | "none";
export type NoticeState = NotificationPermission | "none";

export class Bell {
  #context = $state.raw<AudioContext | null>(null);
  #unlocked = $state(false);
  #leads = false;
  #release: (() => void) | null = null;
  #soundedMs: number | null = null;
  #permission = $state<NoticeState>(typeof Notification === "undefined" ? "none" : Notification.permission);

  readonly sound = $derived.by((): SoundState => {
    if (preferences.muted) return "muted";
    if (typeof AudioContext === "undefined") return "none";
    return this.#unlocked ? "on" : "blocked";
  });
  readonly notices = $derived(this.#permission);

  /** Waits for the gesture that lets the page sound; the switch is one of its own. Returns how to stop waiting. */
  open(): () => void {
    const gesture = ({ target }: Event) => {
      if (!(target instanceof Element) || target.closest("[data-bell]") === null) void this.unlock();
    };
    addEventListener("click", gesture);
    addEventListener("keydown", gesture);
    return () => {
      removeEventListener("click", gesture);
      removeEventListener("keydown", gesture);
      void this.#context?.close();
      this.#release?.();
    };
  }

  /** To be called in a gesture. */
  async unlock(): Promise<void> {
    if (this.#unlocked || typeof AudioContext === "undefined") return;
    this.#context ??= new AudioContext();
    await this.#context.resume();
    this.#unlocked = this.#context.state === "running";
    if (this.#unlocked) this.#lead();
  }

  /** Waits its turn among the pages of this browser, and rings from then on. Over plain HTTP a page knows no other. */
  #lead(): void {
    if (!("locks" in navigator)) {
      this.#leads = true;
      return;
    }
    void navigator.locks.request(LOCK, () => {
      this.#leads = true;
      return new Promise<void>((release) => (this.#release = release));
    });
  }

  /** What the switch does: it lets a silenced browser sound, else mutes or unmutes, which is heard. */
  async turn(): Promise<void> {
    if (this.sound === "blocked") {
      await this.unlock();
      this.#play("critical");
      return;
    }
    preferences.muted = !preferences.muted;
    if (preferences.muted) return;
    await this.unlock();
    this.#play("critical");
  }

  /** Asks whether notices may be shown; only ever called from a button. */
  async askForNotices(): Promise<void> {
    if (this.#permission === "default") this.#permission = await Notification.requestPermission();
  }

  ring(cause: Cause): void {
    const nowMs = Date.now();
    if (this.sound !== "on" || !this.#leads || !maySound(this.#soundedMs, nowMs)) return;
    this.#soundedMs = nowMs;
    this.#play(cause);
  }

  /** A notice on the desktop, unless the page is being looked at. One of the same tag takes the other's place. */
  notify(title: string, body: string, tag: string, onclick: () => void): void {
    if (preferences.muted || this.#permission !== "granted" || document.hasFocus()) return;
    const notice = new Notification(title, { body, tag });
    notice.onclick = () => {
      focus();
      notice.close();
      onclick();
    };
  }

  #play(cause: Cause): void {
    const context = this.#context;
    if (context === null || !this.#unlocked) return;
    const start = context.currentTime + 0.02;
    for (const [hertz, at] of TONES[cause]) {
      const [note, loudness] = [context.createOscillator(), context.createGain()];
      note.frequency.value = hertz;
      loudness.gain.setValueAtTime(0, start + at);
      loudness.gain.linearRampToValueAtTime(LOUDNESS, start + at + 0.01);
      loudness.gain.exponentialRampToValueAtTime(0.001, start + at + NOTE_S);
      note.connect(loudness).connect(context.destination);
      note.start(start + at);
      note.stop(start + at + NOTE_S);
    }
  }
}
