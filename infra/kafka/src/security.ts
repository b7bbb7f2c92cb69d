import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)
const STORE_PASSWORD = 'only-on-loopback'

/** The one user that every mechanism knows, and the certificate that signs the brokers. */
export interface Credentials {
  username: string
  password: string
  /** PEM, for a client's `ssl.ca`. */
  ca: string
}

/** Makes a key for 127.0.0.1 and localhost with Java's own keytool. */
export async function createCredentials(folder: string): Promise<Credentials> {
  const store = ['-keystore', join(folder, 'broker.p12'), '-storepass', STORE_PASSWORD, '-alias', 'broker']
  const names = ['-dname', 'CN=localhost', '-ext', 'san=dns:localhost,ip:127.0.0.1', '-ext', 'bc=ca:true']
  await run('keytool', [
    '-genkeypair',
    '-keyalg',
    'EC',
    '-groupname',
    'secp256r1',
    '-validity',
    '30',
    ...store,
    ...names,
  ])
  await run('keytool', ['-exportcert', '-rfc', '-file', join(folder, 'ca.pem'), ...store])
  return { username: 'flywheel', password: 'correct-horse', ca: await readFile(join(folder, 'ca.pem'), 'utf8') }
}

/** Settings of the listeners SASL and SECURE: PLAIN, SCRAM and OAUTHBEARER (unsecured tokens, which only a test may take). */
export function securityConfig(folder: string, { username, password }: Credentials): Record<string, string> {
  const settings: Record<string, string> = {
    'ssl.keystore.type': 'PKCS12',
    'ssl.keystore.location': join(folder, 'broker.p12'),
    'ssl.keystore.password': STORE_PASSWORD,
    'sasl.enabled.mechanisms': 'PLAIN,SCRAM-SHA-256,SCRAM-SHA-512,OAUTHBEARER',
  }
  const modules = {
    plain: `plain.PlainLoginModule required user_${username}="${password}"`,
    'scram-sha-256': 'scram.ScramLoginModule required',
    'scram-sha-512': 'scram.ScramLoginModule required',
    oauthbearer: 'oauthbearer.OAuthBearerLoginModule required unsecuredLoginStringClaim_sub="broker"',
  }
  for (const listener of ['sasl', 'secure']) {
    for (const [mechanism, module] of Object.entries(modules)) {
      settings[`listener.name.${listener}.${mechanism}.sasl.jaas.config`] =
        `org.apache.kafka.common.security.${module};`
    }
  }
  return settings
}

/** Arguments of the storage tool that store the user for SCRAM. */
export function scramArguments({ username, password }: Credentials): string[] {
  return ['SCRAM-SHA-256', 'SCRAM-SHA-512'].flatMap((mechanism) => [
    '--add-scram',
    `${mechanism}=[name=${username},password=${password}]`,
  ])
}
