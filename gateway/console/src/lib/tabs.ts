/** Tabs of one browser share one session: what one of them changes, the others must know. */

const channel = new BroadcastChannel('quorate.session');

/** Says that this tab logged in or out, or went to another tenant. */
export function tellTabs(): void {
  channel.postMessage(null);
}

export function onOtherTab(listener: () => void): void {
  channel.addEventListener('message', listener);
}
