/** Starts the console. */
import { mount } from 'svelte';
import App from './App.svelte';
import { startKeys } from './lib/keys.svelte.ts';
import { renewLive, seeLive } from './lib/live.svelte.ts';
import { startRouter } from './lib/router.svelte.ts';
import { session } from './lib/session.svelte.ts';
import { applyTheme } from './lib/theme.svelte.ts';

const target = document.getElementById('app');
if (!target) throw new Error('index.html has no #app');

applyTheme();
startKeys();
addEventListener('online', renewLive);
document.addEventListener('visibilitychange', () => {
  seeLive(document.visibilityState === 'visible');
});

let isLoggingIn = false;
startRouter((code) => {
  isLoggingIn = true;
  void session.login(code);
});
if (!isLoggingIn) void session.start();
mount(App, { target });
