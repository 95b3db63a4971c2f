/**
 * `quorate config print` and `quorate config env-example`.
 */
import type { Command } from 'commander';
import { envExample } from '#regions/env-example.ts';
import { type Cli, type CommonOptions, loadConfig, printJson, withCommonOptions } from './cli.ts';

export function addConfig(program: Command, cli: Cli): void {
  const config = program.command('config').description('the configuration in force');
  const print = config
    .command('print')
    .description('every key with its value; secrets cannot be printed')
    .option('--redacted', 'as it always is: kept so that scripts can say so');
  withCommonOptions(print).action((options: CommonOptions) => {
    const values = loadConfig(cli, options);
    if (options.json) printJson(cli, values);
    else cli.out(JSON.stringify(values, null, 2));
  });
  config
    .command('env-example')
    .description('the text of .env.example, made from the schema')
    .option('--json', 'one JSON object on the last line of stdout')
    .action((options: CommonOptions) => {
      const text = envExample();
      if (options.json) printJson(cli, { text });
      else cli.out(text.trimEnd());
    });
}
