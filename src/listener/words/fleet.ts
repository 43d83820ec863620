import type { FleetProblem, FleetReport } from '../../fleet/report.ts';
import { printableText } from '../../system/printable.ts';
import { quote } from '../../system/shell-quote.ts';
import { info, plural, type WordsFor, warning } from '../../system/words.ts';

/** The publisher of a host. */
export const fleetWords: WordsFor<FleetReport> = {
  'fleet-connected': ({ server, name, behind }) =>
    info(
      `Publishing to the fleet at ${server} as ${name}${behind === 0 ? '' : `, ${plural(behind, 'record')} behind`}`,
    ),
  'fleet-failing': ({ problem }) => {
    const { found, fix } = describeFleetProblem(problem);
    return warning(`Not publishing to the fleet: ${found}. ${fix}. Nothing is lost: the journal keeps it`);
  },
  'fleet-journal-renewed': ({ published, kept }) =>
    warning(
      `The fleet has record ${published} of this host, and the journal ends at ${kept} or has another one there: ` +
        'this machine lost its power, or is a copy. Publishing goes on under a new journal id',
    ),
};

/** Says what keeps a host, or a command, from its fleet, and what fixes it; neither ends in a full stop. */
export function describeFleetProblem(problem: FleetProblem): {
  readonly found: string;
  readonly fix: string;
} {
  switch (problem.kind) {
    case 'unreachable':
      return {
        found: `no server answers at ${problem.server} (${problem.code})`,
        fix: 'Start nats-server there, or correct fleet.servers',
      };
    case 'not-nats':
      return {
        found: `what answers at ${problem.server} is no NATS server`,
        fix: 'Give the client port of nats-server in fleet.servers; mostly it is 4222',
      };
    case 'silent':
      return {
        found: `${problem.server} does not answer in time`,
        fix: 'See whether nats-server there is overloaded or stopped: systemctl status nats-server',
      };
    case 'no-tls':
      return {
        found: `${problem.server} speaks no TLS, and these settings ask for it`,
        fix: 'Add tls { … } to the configuration of nats-server, or write nats:// in fleet.servers and leave out fleet.ca',
      };
    case 'certificate-unknown':
      return {
        found: `the certificate of ${problem.server} is signed by no authority that is known here (${problem.code})`,
        fix: 'Give the certificate of its authority as fleet.ca',
      };
    case 'certificate-name':
      return {
        found: `the certificate of ${problem.server} is for another name`,
        fix: 'Write in fleet.servers the name that the certificate has',
      };
    case 'not-admitted':
      return {
        found: `${problem.server} does not admit this host`,
        fix: problem.seed
          ? 'Make a key, and give the server what it prints: docker-lifecycle-listener fleet key HOST'
          : 'Set fleet.seed_file or fleet.creds_file. A key is made by: docker-lifecycle-listener fleet key HOST',
      };
    case 'file-refused':
      return { found: problem.found, fix: problem.fix };
    case 'not-permitted':
      return {
        found: `the server does not permit ${problem.name} to use ${printableText(problem.subject)}`,
        fix: `Give its user the permissions that this prints: docker-lifecycle-listener fleet key ${quote(problem.name)}`,
      };
    case 'no-jetstream':
      return {
        found: `${problem.server} has no JetStream`,
        fix: 'Add to its configuration: jetstream { store_dir: /var/lib/nats }',
      };
    case 'not-set-up':
      return {
        found: 'the server has no stream for a fleet',
        fix: 'Make it: docker-lifecycle-listener fleet setup',
      };
    case 'newer':
      return {
        found: `the fleet was set up by a newer version (format ${problem.format})`,
        fix: 'Upgrade the listener on this host',
      };
    case 'full':
      return {
        found: `the stream is full and discards what is new: ${printableText(problem.said)}`,
        fix: 'Let it discard what is old: docker-lifecycle-listener fleet setup',
      };
    case 'other-machine':
      return {
        found: `another machine publishes as ${problem.name} (journal ${printableText(problem.journal)})`,
        fix:
          'Give one of the two another fleet.name, and restart its listener. Where this one keeps the name and still refuses: ' +
          `docker-lifecycle-listener fleet forget ${quote(problem.name)}; this one then publishes again what its journal keeps`,
      };
    case 'journal-unreadable':
      return {
        found: `the journal cannot be read or written (${problem.code})`,
        fix: 'See: docker-lifecycle-listener doctor',
      };
    case 'lost':
      return { found: `the connection to ${problem.server} was cut`, fix: 'Connecting again' };
    case 'failed':
      return { found: printableText(problem.said), fix: 'See the log of nats-server' };
    default:
      return problem satisfies never;
  }
}
