/**
 * How the console is built: static files without inline code, so that a strict
 * Content-Security-Policy holds. `npm run console` builds, `npm run console:dev` serves.
 */
import { fileURLToPath } from 'node:url';
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vite';

/** Where `npm run console:dev` finds a running gateway. */
const gateway = 'http://127.0.0.1:8080';
/** Everything the gateway answers that is not a file of the console. */
const api =
  '^/(session|events|proposals|pending|approve|audit|federation|risk|signals|incidents|status' +
  '|negotiate|stop|health|livez|readyz|metrics|openapi.json|docs)(/|\\?|$)';

export default defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  base: '/',
  plugins: [svelte({ configFile: false, compilerOptions: { runes: undefined } })],
  // TypeBox tries whether it may evaluate code; the policy would report the attempt as a violation.
  define: { 'globalThis.Function': 'undefined' },
  build: {
    outDir: 'dist',
    emptyOutDir: true,
    // A data: URL or an inline script is refused by the policy.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    sourcemap: false,
    target: ['chrome123', 'firefox121', 'safari17.5'],
    reportCompressedSize: false,
    // On a busy machine every build is slow; who runs `npm ci` need not hear why.
    rolldownOptions: { checks: { pluginTimings: false } },
  },
  server: {
    proxy: {
      [api]: {
        target: gateway,
        changeOrigin: true,
        // A change made with a cookie is accepted from the gateway's own origin only.
        headers: { origin: gateway },
      },
    },
  },
});
