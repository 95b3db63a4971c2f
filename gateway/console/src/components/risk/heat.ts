/**
 * The heat scale: nine steps of one hue, from calm to hot, told apart by lightness alone, so that
 * it reads the same with any kind of colour vision. In the dark theme hot is light, in the light
 * theme hot is dark: what is hot stands out from the page. Every step names the ink that is
 * legible on it.
 */

export interface HeatStep {
  readonly fill: string;
  readonly ink: string;
}

const dark = '#111418';
const light = '#ffffff';

export const lightSteps: readonly HeatStep[] = [
  { fill: '#fbf4ea', ink: dark },
  { fill: '#f9e4c8', ink: dark },
  { fill: '#f6d0a0', ink: dark },
  { fill: '#f0b775', ink: dark },
  { fill: '#e89a4e', ink: dark },
  { fill: '#d97a2b', ink: dark },
  { fill: '#a8500f', ink: light },
  { fill: '#833a08', ink: light },
  { fill: '#5e2804', ink: light },
];

export const darkSteps: readonly HeatStep[] = [
  { fill: '#221c18', ink: light },
  { fill: '#35261a', ink: light },
  { fill: '#4d311a', ink: light },
  { fill: '#6a3f17', ink: light },
  { fill: '#8a4f14', ink: light },
  { fill: '#d5812b', ink: dark },
  { fill: '#ea9f4c', ink: dark },
  { fill: '#f5bf7c', ink: dark },
  { fill: '#fde0b5', ink: dark },
];

/** The step for a share between 0 and 1; nothing at all is the first. */
export function heatStep(share: number): number {
  const last = lightSteps.length - 1;
  if (!(share > 0)) return 0;
  return Math.min(last, 1 + Math.floor(share * last));
}

export interface HeatColours {
  readonly light: HeatStep;
  readonly dark: HeatStep;
}

const calm: HeatStep = { fill: light, ink: dark };

export function heatColours(share: number): HeatColours {
  const step = heatStep(share);
  return { light: lightSteps[step] ?? calm, dark: darkSteps[step] ?? calm };
}

/** `0.09`: two digits tell an operator enough, and line up. */
export function shareText(share: number): string {
  return share.toFixed(2);
}
