"""Patterns for names of models, which say what kind of device it is when the agent alone does not.

The patterns find names in agents of Android. For one model about which they are wrong, they are right about
many. An unknown model is a phone if the agent says `Mobile`, else a tablet.
"""

import re

MODEL_NAME = re.compile(
    r"(?i:android)[^;()]*;(?:\s*(?:U|Mobile|HarmonyOS|[a-z]{2}(?:[-_][A-Za-z]+)*|arm(?:_64)?"
    r"|x86(?:_64)?)\s*;)*\s*"
    r"([^;()]*?(?:\([^()]*\)[^;()]*?)?)(?:\s*Build/|\s*MIUI|[;)])"
)
"""Finds the name of the model in an agent of Android."""

# Devices in rooms, cars and shops, and devices that are worn: they have no category.

_SCREENS = (
    # An inch size before or after letters, as in 43F660TS, LE-32ZTHS25, SW-LED65UG402 and HTY-55U11B.
    r"(?:^|[-_])(?:24|28|32|39|40|42|43|48|49|50|55|58|60|65|70|75|77|82|85|86"
    r"|98)(?!GB)(?:[A-Z]{1,6}[-/ \w]*\d|[A-Z]{2,})",
    r"^[A-Z]{2,4}[-_]?(?:Q?LED|LE|U|UHD)?(?:24|28|32|39|40|42|43|50|55|58|65|70|75|85)[A-Z]{1,5}\w*\d",
    r"Q?LED\d\d|TV\d\d[A-Z]|AQUOS-TV|\bShell\b|\b4K\b|_F?HD$|\bLE\d\d[A-Z]{2}|\bUHD\b|\bHisense_?LTDN"
    r"|\bAI PONT",
)
_BOXES = (
    r"box\b|boks\b|\bstb|stb\b|\bstick\b|\bdongle\b|iptv|\bott\b|\bdvb|\batv|set-?top|streamer|\bAFT\w"
    r"|\bYNDX-000"
    r"|Chromecast|Nexus Player|^ADT-\d|\bSHIELD Android|BRAVIA|MI?BOX|Mi ?TV|^X96|^H96|^T95|\bTX\d\b"
    r"|\bTX\d{1,2}(?:mini|s|pro)"
    r"|\bMXQ|\bM8S|^MX\d?(?: plus| pro)?$|\bX88|\bHK1|\bA95X|\bTanix|\bMe-?cool|^KM\d\d?\b"
    r"|\bU[gG][oO]{2}[sS]|\bTOX\d|\bBeelink|\bGT-?King"
    r"|\bVontar|\bMagicsee|\bN5Max|\bIRON\+|\bMinix|\bNEO-[UX]\d|\bZidoo|\bDune\b|\bMovix|^DV\d{4}|\bSelenga"
    r"|\biconBIT|\bRombica"
    r"|^SMX4K|\bEPICO|\bMatador|^IMTM\d|\bTechnosat|^GTX-\d|\bNEXON_X|\bIP-60|\bSwitron|\bB-STREAM"
    r"|\bMAG\d{3}|\bFormuler|\bZ\d+\+? Pro MAX"
    r"|\bNetBox|\bTVPLUS|\brk3\d{3}|\bp2[018]\d\b|\bq20[01]\b|\bRealtekATV|\bPantelio|\bAndroid TV"
    r"|\bGoogle ?TV|\bMecool|\bWeTek|\bOnStream"
    r"|\bBeyondTV|\bXview|\bSmart[- ]?TV|\bVestel|\bHiremco|\bRedLine|\bAmlogic|\bEplutus|\bcuberevo|\bVIDAA"
    r"|\bFormovie|\bXGIMI|\bJMGO"
    r"|\bprojector|\bAnker Nebula|\bMoGo\b|\bR69\b|\bV88\b|\bTTV\d|\bQ-?BOX|\bM16S|\bOneStick|\bTivo"
    r"|\bYouWei",
)
_CONSOLES = (
    r"\bOUYA\b|\bGPD\b|\bRetroid|\bAYN\b|\bOdin\d?\b|\bAYANEO|\bRG(?:35[13]|40[56]|505|55[267])|\bAnbernic"
    r"|\bSHIELD(?! Tablet)\b|\bJXD\b|\bArchos Gamepad"
    r"|\bMOQI|\bXperia Play|\bRazer Edge|\bG Cloud\b|^GR0006|\bMojo\b|\bPowkiddy|\bPS ?Vita",
)
_CARS = (
    r"\bAFTLBT|\bAFTLFT|\bautomotive|\bAAOS\b|\bPolestar|\bVolvo\b|\bDiLink|\bBYD\b|\bTEYES|^CC3|\bUIS\d{4}"
    r"|\bums512|\bs9863a\d"
    r"|\bNavifly|\bJoying|\bOwnice|^8227L|^TS7\b|^T3[- ]P\d|^K[23]00[0-9]|\bIncar\b|\bcar\b|\bHead ?Unit"
    r"|\bRockchip PX|^PX[3-6]\b"
    r"|\bXTRONS|\bMEKEDE|\bEonon|\bDasaita|\bAlps QF|\bNWD\b|\bhuawei-ivi|\bHarmony-?Car|\bROADROVER|\bCAR_"
    r"|\bMBUX|\bAC781\d|\bQUAD-?CORE|\bOCTOPUS-|\bCarPad|^MPC-?\d|^SDA-\d|^YT\d{4}[A-Z]*$|^audi|^ks\d{3,4}x"
    r"|^Porsche|^F92\d\d|^sp9853|^Mac Audio|^Apollo\d",
)
_WORN = (
    r"watch|\bSM-R\d{3}|\bSM-L\d{3}|\bGear\b|\bMoto 360|\bwear\b|\bRunIQ|\bKW\d\d|\bLEM\d|^LEO-|\bZenWatch"
    r"|\bFossil|\bDM\d\d\b"
    r"|^Quest(?: \dS?| Pro)?$|\bPico\b|\bVR\b|\bVR-?\d|\bVRL\d|\bVIVE|\bOculus|^Pacific$|\bMirage Solo"
    r"|\bLynx-R1|\bXREAL|\bNreal|\bGlass\b"
    r"|\bHoloLens|\bMagic Leap|\bA7[BHPQ]\d0\b|\bPhoenix_ovr|\bVisionPro|\bSkyworth VR|\bDPVR|\bIdealens"
    r"|\bBlade 2\b|\bM400\b|^OP?WW|^OW\d\dW\d",
)
_STANDING = (
    r"^Echo\b|\bAEO[A-Z]{2}\b|\bKFQUANTUM|\bSmart Display|\bPortal\b|\bHomePod|\bSonos|\bSunmi|\bV2_PRO"
    r"|\bPAX\b|^A9[123]\d(?:Pro|MAX)?$"
    r"|\bZebra|\bTPS\d{3}|\bNewland|\bHoneywell|\bDatalogic|\bKiosk|\bLandi|\bVerifone|\bElo[- ]|\bUrovo"
    r"|\bPoint Mobile|\bUnitech|\bCipherLab|\bCilico|\bi9000S|\bP2_?(?:lite|pro)|\bD3 MINI|\bScanPal"
    r"|\bDolphin (?:CT|70)|\bSAM4S|\bIMIN",
)
NO_CATEGORY = re.compile("|".join((*_BOXES, *_CONSOLES, *_CARS, *_WORN, *_STANDING)), re.IGNORECASE)
SCREEN = re.compile("|".join(_SCREENS))

COMPUTER = re.compile(
    r"Chromebook|Inspiron|Latitude|Vostro|OptiPlex|Precision \d|Satellite|TravelMate|Aspire|Swift SF"
    r"|EliteBook|ProBook|Pavilion"
    r"|ThinkPad|IdeaPad [^D]|IdeaCentre|LIFEBOOK|EasyNote|\bNUC\d|Remix Mini|Compaq|\bAIO\b|\bZBook"
    r"|[VZ]enBook|VivoBook|Predator G"
    r"|\bLaptop|\bNotebook|\bMacBook|Celeron|\bDesktop\b|(?<!Tablet )\bPC\b(?!-)|Standard PC|All Series"
    r"|\bBlueStacks|VirtualBox|VMware",
)

TABLET = re.compile(
    r"(?<!Cool)(?<!cool)(?<!Key)(?<!Game)(?<!Touch)(?:Pad|PAD)(?![a-zF])|\b(?!Cool|Key|Touch"
    r"|Game)[A-Z][a-z]{0,4}pad(?![a-z])|(?<![A-Za-z])pad(?![a-z])|\bPAD|(?i:tablet(?! pc)|\btab(?![a-z]))"
    r"|[a-z]Tab(?![a-z])|TAB\d|TAB\b|\bKF[A-Z]{2,}|\bKindle"
    # Samsung, Lenovo, Huawei and Honor, Xiaomi, OPPO, realme and vivo
    r"|\bSM-[TXP]\d|\bGT-[PN]\d{4}(?<!N7\d{3})|\bTB-?\w*\d|\bYT-?[XJK]?\d|\bYOGA\b"
    r"|\b[A-Z][A-Za-z]{2,4}\d?-W\d\d?"
    r"|\b(?:AGS|AGR|AGRK|AGM|BRT|CPN|GEM|BGO|BAH|BG2|BTV|BTK|BZT|BZK|BZA|CMR|DBR|DBY|ELN|GOT|GDI|HDN|HDL|HEY"
    r"|JDN|JDN2|KJR|KOB|KRJ|MRR|MRX|MON|MXG|NDL|PCE"
    r"|SCM|SCMR|SHT|TYR|VRD|WEB|WGR|WGRR|XYA|ROD|ROL|FDR|PLE|S8|T1|S10)\d?-(?:[ALUNT]|DL|7)\w+"
    r"|\bLenovo (?:[BS]\d0[08]0|PB-|A\d{4}[A-Z]?-|TAB)|\bTECNO (?:P[79]|DP)\d|\bInfinix X1101|\bNokia T\d\d"
    r"|\bItel W\d{4}"
    r"|\b2\w{3,5}RP\w{2,3}\b|\bM2105K81|\b2105118\d|\b22081283|\bOPD\d|\bRMP\d|\bPA2\d{3}$|\bDPD\d"
    # The others
    r"|\b(?:Optima|CITI|Plane|Platina)\b[^;]*[A-Z]{2}(?:[7-9]|1[0-4])\d|\bBQ-(?:[7-9]|1[0-9])\d{3}|^MID\d"
    r"|\bBOOX|\bFAUST|\b[A-Z]{2}\d[A-Z]\d[A-Z]\d\d\b|\bT[SPT]\d{4}[A-Z]{2}\b"
    r"|^(?:80[6-9]|8[1249]\d|9[0-4]\d)\d[A-Z]?\d?(?:_\w+)?$|\bPMT\d|\bSGP\d{3}|\bBNTV\d|\bNexus (?:7|9|10)\b"
    r"|\bPixel C\b"
    r"|^[A-Z]\d{2}[A-Z]*(?:_Plus|Plus|HD)?(?:_[A-Z])?[-_](?:EEA|ROW|RU)$|\bRT\d\b|\bOT\d\b|\bP1[01](?:SE|X|S"
    r"|HD)?$|^T[2-6]0(?:HD|S|Plus|Mini|Ultra|Max)?\b"
    r"|^M(?:30|40|50)_?(?:Plus|Pro|SE|Air|Mini|HD)?(?:_\w+)?$|\bVenue|\bIconia|\biPlay|\bActive (?:[6-9]"
    r"|1\d)\b|(?i:hanson)|\bPixus|\bLville|\bTPC-?\d{3}"
    r"|\bGTX_|\bhoco_HI|\bWO ?\d|\bWO \w|\bG1000|\bREVVL ?T|\bTMRV\w*TB|\bZTE T\d{4}|\bVTAB|\bEagle_"
    r"|\bSurface Duo|\bHudl|\bTransformer|\bMeMO|\bXoom"
    r"|(?i:^archos )(?:[7-9]\d|1[0-4]\d)|\bLIFETAB|\bP\d0HD|\bFT\d{4}|\bKT1\d{3}|\bMBK-|\bHi(?:10|8|9|12)\b"
    r"|\bK0[01]\w\b|\bP0[0-2][0-9A-Z]\b|\bME\d{3}|\bT00[0-9]\w?T\b|\bTX201",
)

PHONE = re.compile(
    # Folding phones, which say `Mobile` only when they are folded.
    r"\bSM-[FW]\d{3}|\b(?:TET|TAH|PAL|ALT|RHA|GRL|VER|FRI|FCP|MGI|PUR|MBH|DIT|BLK|ICL)-(?:AN|AL|L|N|NX|LX|TL"
    r"|AN)\d\w"
    r"|\bPixel (?:\d+ Pro )?Fold|\bPEUM00|\bPGU110|\bPHN110|\bPKH110|\bCPH2(?:499|519|551|671)|\bV2(?:178"
    r"|229|266|303|337|429)A?\b"
    r"|\bM2011J18C|\b22061218C|\b2308CPXD0C|\b24072PX77C|\bXT20\d\d|\bFold\b|\bZ Fold"
    # Families that have no tablets in them.
    r"|^(?:SAMSUNG )?SM-[ACEGJMNS]\d{3}|^RMX\d|^V2\d{3}A?$|^CPH\d|^(?:Pixel|Redmi|POCO|OnePlus|ONEPLUS"
    r"|TECNO(?! D?P\d)|Infinix(?! X1101)|moto|motorola|Nokia)\b"
    r"(?!.*(?i:pad|tab|slate|\bC$|\bT\d\d))|^LG-[DEFGHKMPQSX]\d|^HTC\b",
)
