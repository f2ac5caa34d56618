import { manualPage, sampleConfiguration } from '../../src/settings/manual.ts';

/** A document that is derived from the source, with its path from the root of the project. */
export interface GeneratedFile {
  readonly path: string;
  readonly text: string;
}

/** Everything that `npm run docs` writes. */
export function generatedFiles(): readonly GeneratedFile[] {
  return [
    { path: 'docs/reference/settings.md', text: manualPage() },
    { path: 'docs/settings.sample.yaml', text: sampleConfiguration() },
  ];
}
