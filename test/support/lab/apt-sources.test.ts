import { expect, test } from 'vitest';
import { chooseMirror, parseAptSources } from './apt-sources.ts';

test('reads sources of a line each, with and without options', () => {
  const text = `# a comment
deb [arch=amd64 signed-by=/usr/share/keyrings/a.gpg] http://mirror.example/debian trixie main contrib # and so on
deb-src http://mirror.example/debian trixie main
  deb http://security.example/debian trixie-security main
`;
  expect(parseAptSources('sources.list', text)).toEqual([
    {
      uri: 'http://mirror.example/debian',
      suite: 'trixie',
      components: ['main', 'contrib'],
      signedBy: '/usr/share/keyrings/a.gpg',
    },
    {
      uri: 'http://security.example/debian',
      suite: 'trixie-security',
      components: ['main'],
      signedBy: undefined,
    },
  ]);
});

test('reads sources in stanzas: comments, several suites, folded fields, disabled ones', () => {
  const text = `Types: deb deb-src
# a comment in the middle
URIs: http://mirror.example/debian
Suites: bookworm
 bookworm-updates
Components: main
Signed-By: /usr/share/keyrings/a.gpg

Enabled: no
Types: deb
URIs: http://off.example/debian
Suites: bookworm
Components: main

Types: deb
URIs: http://inline.example/debian
Suites: sid
Components: main
Signed-By:
 -----BEGIN PGP PUBLIC KEY BLOCK-----
 .
 -----END PGP PUBLIC KEY BLOCK-----
`;
  const sources = parseAptSources('debian.sources', text);
  expect(sources.map(({ uri, suite, signedBy }) => [uri, suite, signedBy])).toEqual([
    ['http://mirror.example/debian', 'bookworm', '/usr/share/keyrings/a.gpg'],
    ['http://mirror.example/debian', 'bookworm-updates', '/usr/share/keyrings/a.gpg'],
    ['http://inline.example/debian', 'sid', undefined],
  ]);
});

test('chooses the archive of whole releases, not that of updates or of another publisher', () => {
  const sources = parseAptSources(
    'sources.list',
    `deb http://tools.example/apt nodistro main
deb http://security.example/debian-security bookworm-security main
deb http://mirror.example/debian bookworm contrib
deb http://mirror.example/debian bookworm main
`,
  );
  expect(chooseMirror(sources, 'bookworm')).toMatchObject({
    uri: 'http://mirror.example/debian',
    components: ['main'],
  });
  expect(chooseMirror(sources, 'trixie')).toBeUndefined();
});
