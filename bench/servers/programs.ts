import type { Program } from '../process/program.ts';
import type { ProgramName } from '../peers.ts';
import type { Executables } from '../executables.ts';
import { host } from './serve.ts';

/** More than a measurement takes: heartbeats of a server are not what is measured. */
const longSeconds = 3600;

/** How the programs of others are started. One process each, one worker, as every other server here has one core. */
export function programOf(name: ProgramName, executables: Executables): Program {
  return programs[name](executables);
}

const programs: Readonly<Record<ProgramName, (executables: Executables) => Program>> = {
  nchan: ({ nginx = '', nchanModule = '' }) => ({
    title: 'nchan',
    ports: 1,
    command: ({ ports: [port = 0], folder }) => ({
      command: [nginx, '-p', folder, '-c', `${folder}/nginx.conf`],
      files: { 'nginx.conf': nginxConfiguration(nchanModule, port, folder) },
    }),
  }),

  nats: ({ natsServer = '' }) => ({
    title: 'nats',
    ports: 2,
    command: ({ ports: [port = 0, tcpPort = 0], folder }) => ({
      command: [natsServer, '-c', `${folder}/nats.conf`],
      files: { 'nats.conf': natsConfiguration(port, tcpPort) },
    }),
  }),

  floor: ({ floor = '' }) => ({
    title: 'floor',
    ports: 1,
    // More than is ever under way: all that is there in one turn goes out in one write.
    command: ({ ports: [port = 0] }) => ({ command: [floor, String(port), '1000000'] }),
  }),
};

function nginxConfiguration(module: string, port: number, folder: string): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (name) => `${name}_temp_path ${folder}/${name};`,
  );
  return `
daemon off; master_process off; worker_processes 1;
pid ${folder}/nginx.pid; error_log stderr error;
load_module ${module};
worker_rlimit_nofile 20000;
events { worker_connections 19900; }
http {
  access_log off; keepalive_timeout ${longSeconds}s; keepalive_requests 1000000000;
  ${temporary.join(' ')}
  nchan_shared_memory_size 256M;
  server {
    listen ${host}:${port} backlog=4096;
    location = /sub {
      nchan_subscriber websocket eventsource;
      nchan_channel_id $arg_id; nchan_channel_id_split_delimiter ",";
      nchan_subscriber_first_message newest;
    }
    location = /pub {
      nchan_publisher http;
      nchan_channel_id $arg_id;
      nchan_message_buffer_length 1000; nchan_message_timeout 60s;
    }
  }
}
`;
}

function natsConfiguration(port: number, tcpPort: number): string {
  return `
listen: "${host}:${tcpPort}"
ping_interval: "${longSeconds}s"
write_deadline: "60s"
websocket { listen: "${host}:${port}", no_tls: true, compression: false }
logfile: "/dev/null"
`;
}
