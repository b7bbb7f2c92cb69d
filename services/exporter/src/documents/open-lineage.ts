import type { Manifest } from '@flywheel/curation'

/** When a run began and ended, by the wall clock. */
export interface RunTimes {
  started_at: string
  finished_at: string
}

const PRODUCER = 'https://github.com/flywheel/flywheel'
const RUN_EVENT = 'https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent'

function facet(schema: string, fields: object): object {
  return {
    _producer: PRODUCER,
    _schemaURL: `https://openlineage.io/spec/facets/${schema}`,
    ...fields,
  }
}

/** A manifest, that of an erasure export too. */
type Described = Omit<Manifest, 'kind'> & { erased?: object }

/** OpenLineage asks for a UUID: the first bytes of the export's id, marked as a UUID of version 8. */
function runId(exportId: string): string {
  const hex = exportId.slice(0, 32)
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20)}`
}

/**
 * The run as two OpenLineage events (start and complete), a JSON object a line: which events of which project went in,
 * which files came out; of an erasure export, which export went in. Holds wall-clock times, so it stands beside the
 * manifest and not in it.
 */
export function openLineage(manifest: Described, projectId: string, { started_at, finished_at }: RunTimes): string {
  const { export_id, parent, recipe, snapshot, files, statistics, erased } = manifest
  const namespace = `flywheel://${projectId}`
  const { inputs } = snapshot
  const dataSet = (
    name: string,
    datasetVersion: string | null,
  ): { namespace: string; name: string; facets: object } => ({
    namespace,
    name,
    facets: {
      version: facet('1-0-1/DatasetVersionDatasetFacet.json#/$defs/DatasetVersionDatasetFacet', { datasetVersion }),
    },
  })
  const read = (name: string, rows: number): object => ({
    ...dataSet(name, snapshot.watermark),
    inputFacets: {
      inputStatistics: facet('1-0-0/InputStatisticsInputDatasetFacet.json#/$defs/InputStatisticsInputDatasetFacet', {
        rowCount: rows,
      }),
    },
  })
  const { preference, unpaired, supervised } = statistics.rows
  const own = `exports/${recipe.name}`
  const written = {
    ...dataSet(own, export_id),
    outputFacets: {
      outputStatistics: facet(
        '1-0-2/OutputStatisticsOutputDatasetFacet.json#/$defs/OutputStatisticsOutputDatasetFacet',
        {
          rowCount: preference + unpaired + supervised,
          size: files.reduce((sum, { bytes }) => sum + bytes, 0),
          fileCount: files.length,
        },
      ),
    },
  }
  const event = (eventType: string, eventTime: string, io: object): string =>
    JSON.stringify({
      eventType,
      eventTime,
      run: { runId: runId(export_id) },
      job: { namespace, name: `export/${recipe.name}` },
      ...io,
      producer: PRODUCER,
      schemaURL: RUN_EVENT,
    })
  const inputEvents =
    erased === undefined
      ? [
          read('interactions', inputs.interactions),
          read('feedback', inputs.feedback),
          read('links', inputs.links),
          read('consents', inputs.consents),
        ]
      : [dataSet(own, parent)]
  const start = event('START', started_at, { inputs: inputEvents, outputs: [] })
  return `${start}\n${event('COMPLETE', finished_at, { inputs: inputEvents, outputs: [written] })}\n`
}
