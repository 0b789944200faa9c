import { svelte } from "@sveltejs/vite-plugin-svelte";
import { loadEnv } from "vite";
import { defineConfig } from "vitest/config";

/** Where `npm run dev` finds an API: the fake one of `dev/fake-api.mjs`, or a real `buswatch demo`. */
const { BUSWATCH_API = "http://127.0.0.1:8901" } = loadEnv("development", ".", "BUSWATCH_");

export default defineConfig({
  plugins: [svelte()],
  base: "./",
  build: {
    outDir: "../api/page",
    emptyOutDir: true,
    target: "es2022",
    // MapLibre is one indivisible megabyte; it loads after the alert desk is on screen.
    chunkSizeWarningLimit: 1200,
  },
  server: { proxy: { "/api": BUSWATCH_API } },
  test: { include: ["src/**/*.test.ts"] },
});
