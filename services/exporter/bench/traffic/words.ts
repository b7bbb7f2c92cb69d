/** Words of one language: what stands in every sentence, and stems with endings for what it is about. */
interface Words {
  language: string
  common: string
  stems: string
  endings: string
}

const LISTS: readonly Words[] = [
  {
    language: 'en',
    common:
      'the of and to a in is that for it was on are as with they at be this have from or had by not but what all were we when your can there an which their if will each about how up out them then she many some so these would other into has more her two like him see time could no make than first been its who now people my made over did down only way find use may water long little very after words called just where most know',
    stems:
      'order deliver invoice return account custom address payment contract warrant product service support measure report season garden kitchen travel station library market climate harbour village history science engine battery pattern screen window letter number review answer question summar transl decid improv complain promis extend cancel replac confirm',
    endings: ',s,ing,ed,er,able,ment,ful,less,ly,ation,ist',
  },
  {
    language: 'de',
    common:
      'der die und in den von zu das mit sich des auf für ist im dem nicht ein eine als auch es an werden aus er hat dass sie nach wird bei einer um am sind noch wie einem über einen so zum war haben nur oder aber vor zur bis mehr durch man sein wurde sei unter wir wenn dann schon kein ihre doch ihr wieder gegen vom können ohne ganz sehr jetzt zwischen immer gibt etwas heute weil',
    stems:
      'bestell liefer rechnung rück konto kunden anschrift zahl vertrag garantie produkt dienst hilfe mess bericht jahres garten küchen reise bahnhof bücher markt klima hafen dorf geschichte wissen motor speicher muster bild fenster brief nummer prüf antwort frage zusammen übersetz entscheid verbesser beschwer versprech verläng',
    endings: ',en,ung,er,lich,keit,ungen,bar,los,te,isch,s',
  },
  {
    language: 'fr',
    common:
      'le de un être et à il avoir ne je son que se qui ce dans en du elle au pour pas vous par sur faire plus dire me on mon lui nous comme mais pouvoir avec tout y aller voir bien où sans tu ou leur homme si deux mari moi vouloir te femme venir quand grand celui notre devoir là jour prendre même votre rien petit encore aussi quelque dont mer trouver donner temps ça peu falloir sous parler alors chose ton mettre',
    stems:
      'command livr factur retour compt client adress pai contrat garant produit servic aid mesur rapport saison jardin cuisin voyag gar bibliothèqu march climat port villag histoir scienc moteur batteri motif écran fenêtr lettr numér révis répons question résum tradu décid amélior plaint promess prolong annul remplac confirm',
    endings: 'e,es,er,ée,ation,eur,able,ant,ement,ité,ons,ique',
  },
  {
    language: 'es',
    common:
      'de la que el en y a los se del las un por con no una su para es al lo como más pero sus le ya o este sí porque esta entre cuando muy sin sobre también me hasta hay donde quien desde todo nos durante todos uno les ni contra otros ese eso ante ellos e esto mí antes algunos qué unos yo otro otras otra él tanto esa estos mucho quienes nada muchos cual poco ella estar estas algunas algo nosotros',
    stems:
      'pedid entreg factur devol cuent client direcc pag contrat garant product servici ayud medid inform tempor jardín cocin viaj estación bibliotec mercad clim puert puebl histori cienci motor baterí patrón pantall ventan cart númer revis respuest pregunt resum traduc decid mejor quej promes prolong cancel reemplaz confirm',
    endings: 'o,a,os,as,ado,ación,ar,ante,able,mente,idad,ista',
  },
]

/** Words of one language, drawn from by an even number below `BAG`: frequent ones stand in it often. */
export interface Bag {
  language: string
  words: readonly string[]
}

/** Words of a bag. */
export const BAG = 8192

/** Half of a text is of the common words, the most frequent first; the other half of what it is about. */
function bagOf({ language, common, stems, endings }: Words): Bag {
  const frequent = common.split(' ')
  const endingsOf = endings.split(',')
  const rare = stems.split(' ').flatMap((stem) => endingsOf.map((ending) => stem + ending))
  const byRank = (list: readonly string[], place: number): string => list[Math.floor(list.length ** place)]!
  const words = Array.from({ length: BAG }, (_, i) => {
    const place = (Math.imul(i >>> 1, 2654435761) >>> 0) / 4294967296
    return i % 2 === 0 ? byRank(frequent, place) : rare[Math.floor(place * rare.length)]!
  })
  return { language, words }
}

/** Four languages, the first of them as frequent as the others together. */
export const BAGS: readonly Bag[] = LISTS.map(bagOf)
