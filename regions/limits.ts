/** The bounds of a region, from its configuration. */
import type { ActorHostLimits } from '#fabric/host/actor-host.ts';
import type { BallotHostLimits } from '#fabric/host/ballot-options.ts';
import type { Config } from './config.ts';
import type { RegionLimits } from './context.ts';

/** Twenty ticks a second: a lost message costs tenths of a second, an idle region nothing. */
const tickMs = 50;

export type AllLimits = RegionLimits & {
  readonly ballots: BallotHostLimits;
  readonly actors: ActorHostLimits;
};

export function limitsOf({
  limits,
  decisionTimeoutMs,
}: Pick<Config, 'limits' | 'decisionTimeoutMs'>): AllLimits {
  return {
    manifestTtlMs: limits.manifestTtlMs,
    checkpointBatches: limits.checkpointBatches,
    rememberedMax: limits.rememberedMax,
    actors: {
      mailboxMax: limits.mailboxEventsMax,
      turnEventsMax: 256,
      tenantsMax: 100_000,
    },
    ballots: {
      tickMs,
      digestMs: 2000,
      mailboxMax: limits.mailboxEventsMax,
      turnInputsMax: limits.turnInputsMax,
      ballotsOpenMax: limits.ballotsOpenMax,
      // A manifest is about 2 KiB, a policy for 1,000 targets about 100 KiB.
      bodyBytesMax: 250_000,
      ballot: {
        // Half a second to propose covers a world-wide hop and a judge; later rounds wait longer.
        proposeTicks: 10,
        prevoteTicks: 10,
        precommitTicks: 10,
        growthTicks: 5,
        deadlineTicks: Math.ceil(decisionTimeoutMs / tickMs),
        // Every region of a small federation has proposed once by then.
        roundsMax: 4,
        repeatTicksMin: 10,
        repeatTicksMax: 160,
      },
    },
  };
}
