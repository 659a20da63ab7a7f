// The `tutti` command. Each verb loads only what it needs: printing help must not load a control plane.
import { Command, CommanderError, Option } from 'commander';
import { messageOf } from '#base/errors.ts';
import { createWorld } from '#host/world.ts';
import { defaultDataDir } from './options.ts';
import { UsageError } from './usage.ts';

const world = createWorld({ logLevel: 'warn' });
const root = process.getuid?.() === 0;
const home = process.env['HOME'] ?? '/root';
/** For tests of what the acknowledgement is good for. */
const noAcknowledgement = (): Option =>
  new Option('--no-endpoint-acknowledgement', 'stop pods without waiting until all nodes send elsewhere').hideHelp();
const dataDir = (): Option => new Option('--data-dir <dir>', 'where the cluster keeps everything').default(defaultDataDir(root, home));

const kubeletConfig = (): Option =>
  new Option('--kubelet-config <file>', 'a KubeletConfiguration: static pods, reservations, eviction, shutdown');
const credentialConfig = (): Option =>
  new Option('--image-credential-provider-config <file>', 'a CredentialProviderConfig: plugins that know credentials of registries');
const credentialBinaries = (): Option => new Option('--image-credential-provider-bin-dir <dir>', 'where these plugins are');

const program = new Command('tutti').description('Kubernetes v1.35 in one process').showHelpAfterError().exitOverride();

/** What every server is told, alone or with a node in the same process. */
const serving = (command: Command): Command =>
  command
    .addOption(dataDir())
    .option('--api-port <port>', 'port of the API server', '6443')
    .option('--service-cidr <cidr>', 'addresses of Services', '10.96.0.0/16')
    .option('--pod-cidr <cidr>', 'addresses of pods', '10.244.0.0/16')
    .option('--load-balancer-pool <cidrs>', 'addresses that Services of type LoadBalancer get; default: those of the nodes')
    .option('--runtime-config <list>', 'beta group versions to serve, e.g. admissionregistration.k8s.io/v1beta1=true')
    .option('--feature-gates <list>', 'features behind gates that Kubernetes has off by default, e.g. ContainerStopSignals=true')
    .option('--scheduler-config <what>', 'default, binpack (fill nodes one after the other) or a KubeSchedulerConfiguration file')
    .option(
      '--leader-elect',
      'run controllers and scheduler only while holding their Leases: for several servers of one cluster; always so with etcd',
    )
    .option('--apiserver-cert-extra-sans <list>', 'further names and addresses of the server, e.g. of a balancer before several')
    .option('--etcd-servers <urls>', 'keep the state in etcd, which several servers may share; default: on disk, in the data directory')
    .option('--etcd-cafile <file>', 'who signs certificates of etcd')
    .option('--etcd-certfile <file>', 'the certificate that etcd is shown')
    .option('--etcd-keyfile <file>', 'its key')
    .option('--etcd-prefix <prefix>', 'where the state is in etcd; default: /registry')
    .option('--admission-control-config-file <file>', 'an AdmissionConfiguration: defaults and exemptions of PodSecurity')
    .option('--authentication-config <file>', 'an AuthenticationConfiguration: issuers of tokens, anonymous requests')
    .option('--authentication-token-webhook-config-file <file>', 'a kubeconfig that names a reviewer of tokens')
    .option('--authorization-webhook-config-file <file>', 'a kubeconfig that names a reviewer of access')
    .option('--audit-policy-file <file>', 'what is noted of which request')
    .option('--audit-log-path <file>', 'where it is noted, one line for each event')
    .option('--audit-webhook-config-file <file>', 'a kubeconfig that names a server which takes events')
    .option('--requestheader-client-ca-file <file>', 'who signs front proxies that say for whom they ask; default: the cluster’s own')
    .option('--requestheader-allowed-names <list>', 'common names of front proxies; default: all that the authority has signed')
    .option('--requestheader-username-headers <list>', 'headers that name the user, e.g. X-Remote-User')
    .option('--requestheader-uid-headers <list>', 'headers that hold the user’s UID')
    .option('--requestheader-group-headers <list>', 'headers that name groups, e.g. X-Remote-Group')
    .option('--requestheader-extra-headers-prefix <list>', 'how headers begin that hold more about the user, e.g. X-Remote-Extra-');

serving(program.command('up').description('start a cluster on this machine'))
  .option('--detach', 'return when the API and all nodes are ready; the cluster goes on in the background')
  .option('--nodes <kind>', 'real (this machine, with containers; default as root), none, or sim:N (N simulated nodes)')
  .option('--node-name <name>', 'name of this node; default: the host name')
  .option('--node-ip <address>', 'address of this node; default: the first that is not loopback')
  .addOption(kubeletConfig())
  .addOption(credentialConfig())
  .addOption(credentialBinaries())
  .addOption(noAcknowledgement())
  .option('--verbose', 'log more')
  .action(async (flags) => (await import('./verbs/up.ts')).upVerb(flags, { root, hostName: world.hostName }));

serving(program.command('server').description('start a control plane for nodes on other machines'))
  .option('--detach', 'return when the API is ready; the server goes on in the background')
  .option('--node-ip <address>', 'address at which nodes reach the server; default: the first that is not loopback')
  .option('--verbose', 'log more')
  .action(async (flags) =>
    (await import('./verbs/up.ts')).upVerb({ ...flags, nodes: 'none', listen: true }, { root, hostName: world.hostName }),
  );

program
  .command('agent')
  .description('make this machine a node of a cluster elsewhere')
  .addOption(dataDir())
  .requiredOption('--server <url>', 'URL of the API server, e.g. https://192.0.2.1:6443')
  .option('--token <token>', 'bootstrap token (`tutti token create`); needed the first time only')
  .option('--detach', 'return when the node is ready; it goes on in the background')
  .option('--node-name <name>', 'name of this node; default: the host name')
  .option('--node-ip <address>', 'address of this node; default: the first that is not loopback')
  .addOption(kubeletConfig())
  .addOption(credentialConfig())
  .addOption(credentialBinaries())
  .addOption(noAcknowledgement())
  .option('--verbose', 'log more')
  .action(async (flags) => (await import('./verbs/agent.ts')).agentVerb(flags, { root, hostName: world.hostName }));

program
  .command('down')
  .description('stop the cluster and remove its pods, network rules, mounts and namespaces; its objects stay on disk')
  .addOption(dataDir())
  .action(async (flags) => (await import('./verbs/down.ts')).downVerb(world, flags));

program
  .command('status')
  .description('say whether the cluster runs and how it is')
  .addOption(dataDir())
  .action(async (flags) => (await import('./verbs/status.ts')).statusVerb(world, flags));

program
  .command('kubeconfig')
  .description('print the path of the kubeconfig file')
  .addOption(dataDir())
  .option('--print', 'print the file itself')
  .action(async (flags) => (await import('./verbs/kubeconfig.ts')).kubeconfigVerb(world, flags));

const image = program.command('image').description('container images of this node');
image
  .command('load <file...>')
  .description('load image archives (OCI layout or docker save)')
  .addOption(dataDir())
  .action(async (files: string[], flags) => (await import('./verbs/image.ts')).loadVerb(world, files, flags));
image
  .command('ls')
  .description('list images')
  .addOption(dataDir())
  .action(async (flags) => (await import('./verbs/image.ts')).listVerb(world, flags));

const token = program.command('token').description('bootstrap tokens, with which nodes join');
token
  .command('create')
  .description('make a bootstrap token and print it')
  .addOption(dataDir())
  .option('--ttl <hours>', 'life in hours; 0: for ever', '24')
  .option('--print-join-command', 'print the command with which another machine joins')
  .action(async (flags) => (await import('./verbs/token.ts')).tokenVerb(world, flags));

program
  .command('demo')
  .description('run the example: scale, heal and roll a model service without a failed request')
  .addOption(dataDir())
  .option('--fast', "shorten the scale-down window by the autoscaler's own behavior fields")
  .action(async (flags) => (await import('./verbs/demo.ts')).demoVerb(world, flags));

async function run(): Promise<void> {
  try {
    await program.parseAsync();
  } catch (error) {
    if (error instanceof CommanderError) process.exitCode = error.exitCode;
    else {
      console.error(`tutti: ${messageOf(error)}`);
      if (process.env['TUTTI_DEBUG'] && error instanceof Error) console.error(error.stack, error.cause);
      // What a failed start left running must not keep the process alive.
      process.exit(error instanceof UsageError ? 2 : 1);
    }
  }
}

void run();
