// Words and strings that scanners of SIP servers and of log-in pages try first. Our own choice: words that people and
// vendors set on phones, in their bare form; the checker also sees through digits and signs around them.
const words = `
password passwort passwd passw0rd pass pwd secret geheim hidden private admin administrator root superuser super user
username guest gast visitor test tester testing test123 demo sample example default changeme change letmein welcome
willkommen hello hallo login logon access enter open master server system service support helpdesk operator manager
office reception front desk sales info mail email phone telephone telefon handset voip sip sipuser trunk peer extension
ext exten asterisk freepbx elastix trixbox issabel fusionpbx freeswitch kamailio opensips cisco polycom yealink
grandstream snom gigaset panasonic mitel avaya siemens aastra fanvil linksys sipura zoiper linphone microsip xlite
softphone mobile android iphone nokia samsung huawei skype whatsapp telegram signal google facebook microsoft windows
linux ubuntu debian centos oracle mysql postgres database backup internet network router gateway firewall modem wlan
wifi wireless qwerty qwertz azerty qwertyuiop qwertzuiop asdf asdfgh asdfghjkl yxcvbnm zxcvbnm qazwsx qwaszx abc abcd
abcdef abcdefgh abc123 abcd1234 a1b2c3 a1b2c3d4 q1w2e3 q1w2e3r4 1q2w3e 1q2w3e4r 1qaz2wsx zaq12wsx iloveyou love lover
liebe schatz darling sweetheart baby angel princess prince queen king dragon monkey tiger lion eagle wolf bear shark
panther falcon phoenix dolphin horse puppy kitty cat dog mouse rabbit butterfly flower rose sunshine sunny summer winter
spring autumn herbst sommer fruehling holiday holidays vacation christmas easter birthday freedom peace power energy
money dollar euro bitcoin gold silver diamond crystal orange apple banana cherry lemon cookie chocolate coffee pepper
ginger honey sugar football fussball soccer baseball basketball hockey tennis golf racing ferrari porsche mercedes
bmw audi volkswagen toyota honda harley batman superman spiderman starwars pokemon matrix hunter killer shadow ghost
ninja pirate magic wizard merlin gandalf thunder lightning storm rainbow rocket galaxy cosmos planet mercury venus
jupiter saturn london paris berlin vienna wien zurich madrid roma moscow newyork chicago boston dallas texas florida
california america europe austria germany deutschland england france italy spain poland turkey india china japan
michael thomas andreas martin peter stefan daniel david robert richard charles william george joseph jordan michelle
jessica jennifer amanda ashley nicole maria anna sandra sabine claudia monika barbara susan karin alexander alex max
january february march april june july august september october november december monday tuesday wednesday thursday
friday saturday sunday trustno1 whatever nothing something forever blink182 mustang corvette charlie maggie buster
computer keyboard monitor printer laptop student teacher school college doctor nurse hospital hotel company business
customer client account member team boss chef family mother father sister brother friend jesus god heaven hell devil
`;

/** Common passwords in lower case. */
export const commonPasswords: ReadonlySet<string> = new Set(words.split(/\s+/).filter((word) => word !== ''));
