/** What every driver promises. Each adapter runs this suite; none has its own copy. */
import { beforeEach, describe, expect, test } from 'vitest';
import type { Driver, Enact } from '#fabric/ports.ts';
import { required } from '#protocols/assert.ts';
import type { Action } from '#protocols/messages/manifest.ts';
import { stateDigest, type TargetState } from '#protocols/messages/target-state.ts';

export interface DriverFixture {
  readonly driver: Driver;
  /** A healthy target that exists, and one that does not. */
  readonly target: string;
  readonly missing: string;
  /** Actions the driver carries out on the target, each with an end that differs from now. */
  readonly actions: readonly Action[];
  /** A driver whose next apply is done, but whose answer is lost. */
  readonly losesAnswer: () => Driver;
}

export function driverContract(name: string, open: () => Promise<DriverFixture>): void {
  describe(`${name} keeps the driver contract`, () => {
    let fixture: DriverFixture;
    let driver: Driver;
    beforeEach(async () => {
      fixture = await open();
      driver = fixture.driver;
    });

    async function observed(): Promise<TargetState> {
      return required(await driver.observe(fixture.target), 'the target exists');
    }

    const enactOf = (version: number, action: Action): Enact => ({
      target: fixture.target,
      version,
      enactmentId: `enactment-${version}`,
      action,
    });

    const firstAction = () => required(fixture.actions[0], 'there is an action');

    test('a target that does not exist is null, and a dry-run on it fails', async () => {
      expect(await driver.observe(fixture.missing)).toBeNull();
      expect(await driver.dryRun(fixture.missing, firstAction())).toMatchObject({ ok: false });
      expect(await driver.probe(fixture.missing, 'nobody')).toBe('not-applied');
    });

    test('a dry-run says what would change and changes nothing', async () => {
      const before = await observed();
      for (const action of fixture.actions) {
        const result = await driver.dryRun(fixture.target, action);
        expect(result).toMatchObject({ ok: true, reasons: [] });
        expect(result.diff.length).toBeGreaterThan(0);
      }
      expect(await observed()).toEqual(before);
    });

    test('an applied action verifies, and did not before', async () => {
      for (const [index, action] of fixture.actions.entries()) {
        expect(await driver.verify(fixture.target, action)).toMatchObject({ ok: false });
        expect(await driver.apply(enactOf(index + 1, action))).toBe('applied');
        expect(await driver.verify(fixture.target, action)).toEqual({ ok: true, reasons: [] });
        expect((await observed()).fence).toBe(index + 1);
      }
    });

    test('restoring gives back the digest there was, and restoring twice does too', async () => {
      for (const [index, action] of fixture.actions.entries()) {
        const before = await observed();
        const enact = enactOf(index + 1, action);
        await driver.apply(enact);
        expect(stateDigest(await observed(), action.kind)).not.toBe(
          stateDigest(before, action.kind),
        );
        for (let time = 0; time < 2; time += 1) {
          await driver.restore(enact, before);
          const digest = stateDigest(await observed(), action.kind);
          expect(digest).toBe(stateDigest(before, action.kind));
        }
      }
    });

    test('applying one enactment twice is applying it once', async () => {
      const enact = enactOf(1, firstAction());
      expect(await driver.apply(enact)).toBe('applied');
      const after = await observed();
      expect(await driver.apply(enact)).toBe('already-applied');
      expect(await observed()).toEqual(after);
    });

    test('an enactment that was restored is not applied again', async () => {
      const before = await observed();
      const enact = enactOf(1, firstAction());
      await driver.apply(enact);
      await driver.restore(enact, before);
      expect(await driver.apply(enact)).toBe('already-applied');
      expect(stateDigest(await observed(), enact.action.kind)).toBe(
        stateDigest(before, enact.action.kind),
      );
    });

    test('a write below the fence, or a second one at it, does nothing', async () => {
      await driver.apply(enactOf(5, firstAction()));
      const after = await observed();
      for (const version of [4, 5]) {
        const late = { ...enactOf(version, firstAction()), enactmentId: 'somebody-else' };
        expect(await driver.apply(late)).toBe('fenced');
        expect(await driver.probe(fixture.target, 'somebody-else')).toBe('not-applied');
      }
      expect(await observed()).toEqual(after);
    });

    test('an older enactment cannot restore over a newer one', async () => {
      const before = await observed();
      await driver.apply(enactOf(1, firstAction()));
      const second = required(fixture.actions[1], 'there are two actions');
      await driver.apply(enactOf(2, second));
      await expect(driver.restore(enactOf(1, firstAction()), before)).rejects.toMatchObject({
        code: 'conflict',
      });
      expect(await driver.verify(fixture.target, second)).toMatchObject({ ok: true });
    });

    test('after a lost answer a probe tells what became of it', async () => {
      const enact = enactOf(1, firstAction());
      expect(await driver.probe(fixture.target, enact.enactmentId)).toBe('not-applied');
      await expect(fixture.losesAnswer().apply(enact)).rejects.toThrow();
      expect(await driver.probe(fixture.target, enact.enactmentId)).toBe('applied');
      expect(await driver.apply(enact)).toBe('already-applied');
      expect(await driver.verify(fixture.target, enact.action)).toMatchObject({ ok: true });
    });

    test('of racing versions the target ends at the highest that was let in', async () => {
      const versions = [3, 1, 4, 2, 5];
      const results = await Promise.all(
        versions.map((version) => driver.apply(enactOf(version, firstAction()))),
      );
      const appliedVersions = versions.filter((_, index) => results[index] === 'applied');
      expect((await observed()).fence).toBe(Math.max(...appliedVersions));
      for (const [index, version] of versions.entries()) {
        expect(await driver.probe(fixture.target, `enactment-${version}`)).toBe(
          results[index] === 'applied' ? 'applied' : 'not-applied',
        );
      }
    });
  });
}
