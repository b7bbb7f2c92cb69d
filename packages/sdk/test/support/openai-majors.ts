import OpenAI, { AzureOpenAI } from 'openai'
import OpenAI5, { AzureOpenAI as AzureOpenAI5 } from 'openai-5'
import OpenAI7, { AzureOpenAI as AzureOpenAI7 } from 'openai-7'

/** The installed majors; their types differ in what is not used here, so one of them stands for all. */
export const MAJORS: [major: string, packageName: string, Client: typeof OpenAI, Azure: typeof AzureOpenAI][] = [
  ['5', 'openai-5', OpenAI5, AzureOpenAI5],
  ['6', 'openai', OpenAI, AzureOpenAI],
  ['7', 'openai-7', OpenAI7, AzureOpenAI7],
] as unknown as [string, string, typeof OpenAI, typeof AzureOpenAI][]
