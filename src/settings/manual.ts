import { printAmount } from '../base/money/money.ts';
import { areas, catalogue, type SettingSpec } from './catalogue.ts';
import { profileNames, profileValue } from './profiles.ts';
import type { SettingValue } from './setting.ts';

const lineCharacters = 100;

/** A configuration file in YAML that changes nothing: each setting with its default, commented out. */
export function sampleConfiguration(): string {
  const head = [
    ...comment(
      'Settings of Ringfence, each with its default. Take away the # in front of a line to change it, then start with',
    ),
    '#   ringfence serve --config FILE',
    ...comment(
      'Values stored by `ringfence settings set` win over this file, RINGFENCE_NAME in the environment over both, and --set name=value over all.',
    ),
    ...comment('This file is generated from the catalogue of settings.'),
    '',
    'settings:',
  ];
  const body = Object.keys(areas).flatMap((area) => [
    '',
    `  ## ${area}`,
    ...settingsOf(area).flatMap((spec) => sampleEntry(spec)),
  ]);
  return `${[...head, ...body].join('\n')}\n`;
}

function sampleEntry(spec: SettingSpec): readonly string[] {
  const unit = spec.unit === '' ? '' : ` (${spec.unit})`;
  const facts = spec.meanings.length > 0 ? spec.meanings.map(meaningLine) : [`Allowed: ${spec.allowed}.`];
  if (spec.effect === 'restart') facts.push(`A change holds from the next start.`);
  return [
    '',
    ...[spec.text, ...facts].flatMap((text) => comment(text, '  ')),
    `  # ${spec.key}: ${yamlValue(spec.type === 'duration' ? spec.format(spec.default) : spec.default)}${unit === '' || spec.allowed.includes(spec.unit) ? '' : ` #${unit}`}`,
  ];
}

function meaningLine({ value, meaning }: { readonly value: string; readonly meaning: string }): string {
  return `${value}: ${meaning}`;
}

/** Texts stand in quotation marks, so that YAML readers of other kinds take them for texts as well. */
function yamlValue(value: SettingValue): string {
  if (typeof value === 'object') return `[${value.map((item) => JSON.stringify(item)).join(', ')}]`;
  if (typeof value === 'bigint') return JSON.stringify(printAmount(value));
  return typeof value === 'string' ? JSON.stringify(value) : String(value);
}

function comment(text: string, indent = ''): readonly string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + word.length + 1 > lineCharacters) {
      lines.push(line);
      line = word;
    } else {
      line = line === '' ? word : `${line} ${word}`;
    }
  }
  return [...lines, line].map((each) => `${indent}# ${each}`);
}

/** The reference of all settings as a page of Markdown. */
export function manualPage(): string {
  const head = [
    '# Settings',
    '',
    'This page is generated from the catalogue of settings by `npm run docs`.',
    '',
    'A setting has one name everywhere. Names are read without regard to case, and `-`, `_` and space are the same in them.',
    'A later source wins over an earlier one:',
    '',
    '1. the default',
    '2. the profile: the named set of values that the setting `profile` or `--profile NAME` chooses',
    '3. the map `settings:` of the file given with `--config` (see `docs/settings.sample.yaml`)',
    '4. values stored by `ringfence settings set`',
    '5. the environment: `RINGFENCE_` and the name in capitals, with `_` for a dot',
    '6. the command line: `--set name=value`',
    '',
    'An unknown name or a refused value stops the start, with the place where it stands. `ringfence settings explain NAME`',
    'tells who set a value, and when. *Live* settings hold at once when they are changed, for what begins from then on; the',
    'others hold from the next start.',
    '',
  ];
  const body = Object.keys(areas).flatMap((area) => [`## ${area}`, '', ...settingsOf(area).flatMap(manualEntry)]);
  return `${[...head, ...body, ...departures(), '', ...profiles()].join('\n')}\n`;
}

function manualEntry(spec: SettingSpec): readonly string[] {
  const unit = spec.unit === '' ? '' : ` ${spec.unit}`;
  const lines = [
    `### \`${spec.key}\``,
    '',
    spec.text,
    '',
    `- Default: ${code(spec, spec.default)}${unit}`,
    ...(spec.hardened === undefined ? [] : [`- Hardened: ${code(spec, spec.hardened)}${unit}`]),
  ];
  if (spec.meanings.length === 0) lines.push(`- Allowed: ${spec.allowed}`);
  else lines.push('- Allowed:', ...spec.meanings.map(({ value, meaning }) => `  - \`${value}\`: ${meaning}`));
  lines.push(
    `- Change: ${spec.effect === 'live' ? 'live' : 'from the next start'}`,
    `- Requirement: \`${spec.id}\`${spec.aliases === undefined ? '' : `; also written ${spec.aliases.join(', ')}`}`,
    `- Since: ${spec.since}`,
    '',
  );
  return lines;
}

function departures(): readonly string[] {
  const rows = catalogue.flatMap((spec) =>
    spec.seeds === undefined
      ? []
      : [`| \`${spec.key}\` | ${code(spec, spec.seeds)} | ${code(spec, spec.default)} | ${spec.reason ?? ''} |`],
  );
  return [
    '## Where the defaults are other than those of older systems',
    '',
    'Many settings have their names, and the profile `seeds` its values, from older systems.',
    '',
    '| setting | older systems (`seeds`) | default | reason |',
    '| --- | --- | --- | --- |',
    ...rows,
  ];
}

function profiles(): readonly string[] {
  const meanings = catalogue.find(({ key }) => key === 'profile')?.meanings ?? [];
  const rows = profileNames.map((name) => {
    const own = catalogue.flatMap((spec) => {
      const value = profileValue(spec, name);
      return value === undefined ? [] : [`\`${spec.key}\` ${code(spec, value)}`];
    });
    const meaning = meanings.find(({ value }) => value === name)?.meaning ?? '';
    return `| \`${name}\` | ${meaning} | ${own.length === 0 ? 'none' : own.join(', ')} |`;
  });
  return [
    '## Profiles',
    '',
    '| profile | meant for | values that differ from the default |',
    '| --- | --- | --- |',
    ...rows,
  ];
}

function settingsOf(area: string): readonly SettingSpec[] {
  return catalogue.filter((spec) => spec.area === area);
}

function code(spec: SettingSpec, value: SettingValue): string {
  const text = spec.secret === true ? '[secret]' : spec.format(value);
  return text === '' ? 'empty' : `\`${text}\``;
}
