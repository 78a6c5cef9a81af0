// A real nginx, of the system's package, in a folder of its own. It hands every request on to a small app behind it,
// so that what it took for the body can be seen.

import { NGINX_FOLDERS, startProxy } from '../proxy_program.js'
import { askAll, LAST_REQUEST } from './asking.js'
import { freePort } from './ports.js'

/** The body, the method, the target and the Host as nginx has read them go on as fields, out of reach of the client's. */
const configuration = (port: number, appPort: number) => `
http {${NGINX_FOLDERS}
  upstream app { server 127.0.0.1:${appPort}; keepalive 16; }
  server {
    listen 127.0.0.1:${port};
    client_max_body_size 1m;
    location / {
      set $place /seen;
      proxy_pass http://app$place;
      proxy_http_version 1.1;
      proxy_method POST;
      proxy_pass_request_headers off;
      proxy_ignore_client_abort on;
      proxy_set_header Connection "";
      proxy_set_header X-Method $request_method;
      proxy_set_header X-Target $request_uri;
      proxy_set_header X-Host $http_host;
    }
  }
}`

export interface Nginx {
  readonly port: number
  stop(): Promise<void>
}

export async function startNginx(appPort: number): Promise<Nginx> {
  const port = await freePort()
  const answers = async () => {
    const [answer] = await askAll(port, [LAST_REQUEST]).catch(() => [])
    return answer?.status === 200
  }
  return { port, stop: await startProxy('nginx', configuration(port, appPort), answers) }
}
