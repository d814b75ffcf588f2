import { defineConfig } from "vite";

export default defineConfig({
  build: {
    // Nothing becomes a data: address or inline code: the page's Content-Security-Policy is default-src 'self'.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    target: "es2022",
    // One file each, so that the first paint waits for one round trip.
    cssCodeSplit: false,
    reportCompressedSize: false,
  },
});
