import { mount } from "svelte";
import "./app.css";
import App from "./App.svelte";
import { setFleetZone } from "./text/zone";
import { readFleet } from "./wire/client";

const target = document.getElementById("app");
if (target === null) throw new Error("index.html has no #app");
try {
  setFleetZone((await readFleet()).zone);
} catch {
  // The server is away: the page says so once it is up, and its clock goes by Chinese time until it is loaded anew.
}
mount(App, { target });
