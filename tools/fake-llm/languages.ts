/**
 * What the fake model says, cut into its tokens by `|`. Lorem ipsum has a word a token. JSON is a list of
 * lists that never ends. The other passages are cut as the tokenizer o200k_base cuts them, also where a passage follows
 * itself, so that an estimate from the text can be compared with a count that a real model would have reported.
 */
const PASSAGES = {
  json: "[|1|,",
  lorem:
    " lorem| ipsum| dolor| sit| amet| consectetur| adipiscing| elit| sed| do| eiusmod| tempor| incididunt| ut| labore| et| dolore| magna| aliqua",
  english:
    " The| old| lighthouse| keeper| wrote| down| the| weather| every| evening|,| because| his| father| had| done| so| before| him|.| Nobody| ever| asked| for| these| notes|,| yet| they| filled| forty| shelves|.| When| the| harbour| was| rebuilt|,| an| engineer| read| them| all| in| one| winter| and| moved| the| new| wall| twelve| metres| north|.",
  chinese:
    "老人|每天|晚上|都会|记录|天气|，因为|他的|父|亲|也是|这样|做|的|。|没有|人|问|过|这些|笔|记|，但|它|们|已经|占|满|了|四|十|个|书|架|。|后来|港|口|重|建|，一|位|工程|师|用|一个|冬|天|读|完|了|全部|内容|，并|决定|把|新的|墙|向|北|移动|十二|米|。",
  japanese:
    "老人|は|毎|日|夕|方|に|天|気|を|記|録|して|いました|。|父|も|同|じ|こと|を|して|いた|から|です|。この|ノ|ート|について|聞|いた|人|はい|ません|でした|が|、本|は|四|十|の|棚|にな|りました|。|港|が|新|しく|な|った|時|、一|人|の|技|術|者|が|冬|の|間|に|全部|読み|、新|しい|壁|を|北|へ|十二|メ|ート|ル|移|動|しました|。",
  code: "export| function| median|(values|:| number|[]):| number| {\n| | const| sorted| =| [...|values|].|sort|((|a|,| b|)| =>| a| -| b|);\n| | const| middle| =| Math|.floor|(sorted|.length| /| |2|);\n| | if| (|sorted|.length| %| |2| ===| |1|)| return| sorted|[m|iddle|];\n| | return| (|sorted|[m|iddle| -| |1|]| +| sorted|[m|iddle|])| /| |2|;\n|}\n\n",
} as const;

export type Language = keyof typeof PASSAGES;

export const LANGUAGES = Object.keys(PASSAGES) as readonly Language[];

/** The tokens of the passage of a language. */
export function piecesOf(language: Language): readonly string[] {
  return PASSAGES[language].split("|");
}
