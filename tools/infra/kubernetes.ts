import * as apps from 'kubernetes-models/apps/v1'
import * as autoscaling from 'kubernetes-models/autoscaling/v2'
import * as batch from 'kubernetes-models/batch/v1'
import * as networking from 'kubernetes-models/networking.k8s.io/v1'
import * as policy from 'kubernetes-models/policy/v1'
import * as core from 'kubernetes-models/v1'

type Model = new (manifest: never) => { validate(): void }

const GROUPS: Record<string, object> = {
  v1: core,
  'apps/v1': apps,
  'autoscaling/v2': autoscaling,
  'batch/v1': batch,
  'networking.k8s.io/v1': networking,
  'policy/v1': policy,
}
/** Kinds of the Prometheus operator: no schema here. */
const OF_OTHERS = /^monitoring\.coreos\.com\//

/** What Kubernetes' own schema says against a manifest, or null. */
export function schemaProblem(manifest: object): string | null {
  const { apiVersion = '', kind = '' } = manifest as { apiVersion?: string; kind?: string }
  if (OF_OTHERS.test(apiVersion)) return null
  const model = (GROUPS[apiVersion] as Record<string, Model> | undefined)?.[kind]
  if (model === undefined) return `${apiVersion} ${kind} is not known`
  try {
    new model(manifest as never).validate()
    return null
  } catch (error) {
    return (error as Error).message
  }
}
