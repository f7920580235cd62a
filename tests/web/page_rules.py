"""Every address of the pages and the rule by which it answers. A new page is one line here."""

OPEN = "anybody"
MACHINE = "programs, by their own credentials"
DEMO = "the demo alone"
SOMEONE = "any account"
SOMEBODY = "anybody in a role"
STAFF = "staff"
TOWNSHIP = "doctors of a township"
PEOPLE = "who administers people"
SECURITY = "who guards the rules"
OFFICER = "the privacy officer"
ASKING_WHY = "who guards the rules, and privacy officers"
REGISTERING = "who registers people"
REVIEWING = "who judges doubtful pairs"
FRONT = "who works at the front desk"
DESKS = "who keeps the desk of a clinic"
WEEKS = "who sets the weeks of clinics"
CARERS = "who follows residents up"
OFFICES = "who answers complaints"
COORDINATORS = "who coordinates referrals"
RESIDENTS = "residents and who acts for them"
SAVINGS = "who decides on results, and who keeps the library of recognition"
FIGURES = "who may see figures"
LIBRARY = "who keeps the library of recognition"
WARDS = "doctors and nurses"
BENCH = "who works at a laboratory"
TAKING = "who takes specimens"
CARRYING = "who packs, carries or opens boxes"

RULES: dict[str, str] = {
    "": OPEN, "language/": OPEN, "view/": OPEN,
    "sign-in/": OPEN, "sign-in/factor/": OPEN, "sign-in/again/": OPEN, "sign-out/": OPEN,
    "sign-in/with/<str:provider_id>/": OPEN, "sign-in/from/<str:provider_id>/": OPEN,
    "setup/": OPEN, "welcome/<str:token>/": OPEN,
    "demo/enter/": DEMO, "demo/clock/": DEMO, "demo/step/": DEMO, "demo/hints/": DEMO, "demo/reset/": DEMO,
    "demo/boot/": DEMO, "demo/fhir/<str:at>/": DEMO,
    "me/": SOMEONE, "me/role/": SOMEONE, "me/password/": SOMEONE, "me/language/": SOMEONE,
    "me/factors/": SOMEONE, "me/factors/add/": SOMEONE, "me/factors/remove/": SOMEONE, "me/factors/codes/": SOMEONE,
    "me/devices/": SOMEONE, "me/devices/end/": SOMEONE,
    "admin/accounts/": PEOPLE, "admin/accounts/invite/": PEOPLE, "admin/accounts/<str:act>/": PEOPLE,
    ".well-known/openid-configuration": OPEN, ".well-known/oauth-authorization-server": OPEN,
    ".well-known/jwks.json": OPEN, "smart/style.json": OPEN, "smart/authorize/": OPEN,
    "smart/token/": MACHINE, "smart/revoke/": MACHINE, "smart/introspect/": MACHINE, "smart/userinfo/": MACHINE,
    "smart/launch/<str:client>/": SOMEBODY, "me/apps/": SOMEBODY, "me/apps/<str:client>/end/": SOMEBODY,
    "admin/apps/": SECURITY, "admin/apps/new/": SECURITY, "admin/apps/new/save/": SECURITY,
    "admin/apps/<str:client>/": SECURITY, "admin/apps/<str:client>/save/": SECURITY,
    "admin/apps/<str:client>/switch/": SECURITY, "admin/apps/<str:client>/secret/": SECURITY,
    "open/launch/": STAFF, "open/back/": STAFF, "open/keys.json": OPEN, "admin/systems/": PEOPLE,
    "admin/systems/register/": PEOPLE, "admin/systems/<str:id>/": PEOPLE, "admin/systems/<str:id>/<str:act>/": PEOPLE,
    "now/": STAFF, "style/": OPEN, "style/look/": OPEN, "style/<str:shell>/": OPEN,
    "look/residents/": STAFF, "look/<str:which>/": STAFF,
    "clinic/": TOWNSHIP, "clinic/find/": TOWNSHIP, "clinic/open/<str:resident>/": TOWNSHIP,
    "r/<str:resident>/": STAFF, "r/<str:resident>/misfiled/": STAFF, "v/<str:encounter>/": TOWNSHIP, "v/<str:encounter>/note/<str:composition>/": TOWNSHIP,
    "p/visit/<str:encounter>/<str:what>/": TOWNSHIP, "p/report/<str:report>/": STAFF,
    "recognition/decision/<str:task>/": SAVINGS, "recognition/decision/<str:task>/<str:act>/": SAVINGS,
    "v/<str:encounter>/<str:act>/": TOWNSHIP,
    "w/<str:name>/": STAFF, "w/<str:name>/do/<str:act>/": STAFF, "t/<str:task>/": STAFF, "t/<str:task>/preview/": STAFF, "t/<str:task>/take-over/": STAFF, "t/<str:task>/<str:act>/": STAFF, "inquiry/<str:task>/file/": STAFF, "p/several/": STAFF, "p/referral/<str:task>/": STAFF, "p/critical/": STAFF, "recognition/": SAVINGS,
    "admin/recognition/": LIBRARY, "admin/recognition/<str:act>/": LIBRARY,
    "alliance/": FIGURES, "alliance/frozen/": FIGURES, "alliance/freeze/": FIGURES, "alliance/<str:code>/": FIGURES,
    "alliance/<str:code>/ask/": FIGURES,
    "desk/register/": REGISTERING, "desk/register/new/": REGISTERING, "desk/newborn/": REGISTERING,
    "desk/unnamed/": REGISTERING, "desk/unnamed/<str:resident>/": REGISTERING,
    "desk/duplicates/": REVIEWING, "desk/duplicates/<str:task>/": REVIEWING,
    "desk/duplicates/<str:task>/<str:act>/": REVIEWING,
    "admin/": PEOPLE, "admin/institutions/": PEOPLE, "admin/institutions/<str:organization>/": PEOPLE,
    "admin/institutions/<str:organization>/<str:act>/": PEOPLE, "admin/people/": PEOPLE,
    "admin/people/register/": PEOPLE, "admin/people/print/": PEOPLE, "admin/people/<str:practitioner>/": PEOPLE,
    "admin/people/<str:practitioner>/<str:act>/": PEOPLE, "admin/posts/<str:post>/": PEOPLE,
    "admin/posts/<str:post>/<str:act>/": PEOPLE, "admin/places/": PEOPLE, "admin/places/add/": PEOPLE,
    "admin/places/<str:location>/": PEOPLE, "admin/places/<str:location>/<str:act>/": PEOPLE,
    "admin/centres/": PEOPLE, "admin/policies/": PEOPLE, "admin/policies/<str:key>/": PEOPLE,
    "admin/import/residents/": REVIEWING, "admin/import/prices/": LIBRARY, "admin/import/clinics/": WEEKS,
    "admin/import/codes/": STAFF, "admin/codes/": STAFF, "admin/codes/<str:kind>/": STAFF, "admin/codes/<str:kind>/<str:act>/": STAFF,
    "admin/import/<str:what>/": PEOPLE, "admin/affiliation/<str:id>/": PEOPLE, "admin/service/<str:id>/": PEOPLE,
    "admin/institutions/open/": SECURITY, "admin/centres/serve/": SECURITY, "admin/centres/open/": SECURITY,
    "admin/agreements/": SECURITY, "admin/agreements/agree/": SECURITY, "admin/agreements/join/": SECURITY,
    "admin/policies/<str:key>/<str:act>/": SECURITY, "admin/affiliation/<str:id>/end/": SECURITY,
    "admin/service/<str:id>/end/": SECURITY,
    "me/readers/": RESIDENTS, "me/readers/question/<str:task>/withdraw/": RESIDENTS,
    "me/readers/<str:entry>/": RESIDENTS, "me/readers/<str:entry>/ask/": RESIDENTS, "me/consents/": RESIDENTS,
    "me/consents/<str:consent_>/withdraw/": RESIDENTS, "me/consents/<str:act>/": RESIDENTS, "me/items/": RESIDENTS,
    "me/items/<str:act>/<str:kind>/<str:id_>/": RESIDENTS, "me/proxies/": RESIDENTS, "me/proxies/name/": RESIDENTS,
    "me/proxies/<str:related>/end/": RESIDENTS, "me/messages/": RESIDENTS,
    "privacy/why/": ASKING_WHY, "privacy/": OFFICER, "privacy/<str:name>/": OFFICER, "privacy/<str:name>/<str:task>/": OFFICER,
    "privacy/<str:name>/<str:task>/<str:act>/": OFFICER,
    "me/home/": RESIDENTS, "me/booking/": RESIDENTS, "me/booking/<str:clinic>/": RESIDENTS, "me/booking/<str:clinic>/<str:slot>/": RESIDENTS,
    "me/booked/<str:appointment>/<str:act>/": RESIDENTS,
    "desk/bookings/": FRONT, "desk/bookings/book/": FRONT, "desk/bookings/lift/": DESKS, "desk/bookings/<str:appointment>/<str:act>/": FRONT,
    "desk/check-in/": FRONT, "desk/walk-in/": FRONT, "desk/slip/<str:task>/": FRONT,
    "desk/queue/": FRONT, "desk/queue/next/": FRONT, "desk/queue/<str:task>/<str:act>/": FRONT,
    "desk/downtime/": FRONT, "desk/downtime/hand/": FRONT, "desk/downtime/forms/": FRONT, "desk/downtime/list/": FRONT,
    "desk/downtime/<str:task>/": FRONT, "desk/downtime/<str:task>/spoil/": FRONT,
    "desk/stop/": DESKS, "desk/stop/do/": DESKS,
    "reading/intake/": STAFF, "reading/intake/<str:task>/": STAFF, "reading/intake/<str:task>/original/": STAFF,
    "reading/intake/<str:task>/<str:act>/": STAFF, "reading/<str:task>/": STAFF, "reading/<str:task>/<str:act>/": STAFF,
    "picture/<str:media>/": SOMEBODY, "picture/<str:media>/trace.svg": SOMEBODY,
    "picture/<str:media>/original/": SOMEBODY, "report/<str:report>/": SOMEBODY, "p/study/<str:report>/": SOMEBODY,
    "ward/": WARDS, "ward/admit/": WARDS, "ward/bed/<str:bed>/cleaned/": WARDS, "ward/<str:encounter>/": WARDS,
    "ward/<str:encounter>/discharge/": WARDS, "ward/<str:encounter>/home/": WARDS, "ward/<str:encounter>/<str:act>/": WARDS,
    "r/<str:resident>/Encounter/<str:id_>/": STAFF, "r/<str:resident>/DiagnosticReport/<str:id_>/": STAFF,
    "p/record/<str:resident>/": STAFF, "me/record/": RESIDENTS,
    "p/plan/<str:plan>/": SOMEBODY, "p/discharge/<str:encounter>/": STAFF, "me/plans/": RESIDENTS,
    "wall/<str:screen>/": OPEN, "wall/<str:screen>/now/": OPEN, "wall/<str:screen>/voice/<str:name>/": OPEN,
    "admin/schedules/": WEEKS, "admin/schedules/<str:act>/": WEEKS,
    "voice/follow/": OPEN, "voice/follow/do/": OPEN, "voice/<str:token>/": OPEN, "desk/voice/": OFFICES,
    "desk/voice/invite/": OFFICES, "desk/voice/enter/<str:task>/": OFFICES, "desk/voice/complain/": OFFICES,
    "desk/texts/": OFFICES, "demo/texts/": DEMO,
    "follow/": CARERS, "follow/enrol/": CARERS, "follow/enrol/do/": CARERS, "follow/<str:task>/": CARERS,
    "follow/<str:task>/record/": CARERS, "follow/<str:task>/verdict/": CARERS, "follow/<str:task>/refer/": CARERS,
    "follow/<str:task>/do/<str:act>/": CARERS, "contracts/": CARERS, "contracts/sign/": CARERS,
    "contracts/<str:episode>/paper/": CARERS, "contracts/<str:episode>/<str:act>/": CARERS,
    "lab/": BENCH, "lab/receive/": BENCH, "lab/analysers/add/": BENCH, "lab/control/<str:analyser>/": BENCH,
    "lab/collect/": TAKING, "lab/collect/scan/": TAKING, "p/label/<str:task>/": TAKING,
    "p/label/<str:task>/printed/": TAKING, "p/labels/<str:encounter>/": TAKING,
    "p/labels/<str:encounter>/printed/": TAKING,
    "lab/boxes/": CARRYING, "lab/boxes/pack/": CARRYING, "lab/boxes/scan/": CARRYING,
    "lab/boxes/<str:task>/": CARRYING, "lab/boxes/<str:task>/<str:act>/": CARRYING, "p/box/<str:task>/": CARRYING,
    "lab/messages/": BENCH, "lab/messages/paste/": BENCH, "lab/messages/<str:task>/": BENCH,
    "lab/messages/<str:task>/map/": BENCH, "lab/messages/<str:task>/<str:act>/": BENCH, "p/specimens/": BENCH,
    "admin/duty/": PEOPLE, "admin/duty/<str:act>/": PEOPLE, "admin/critical/": PEOPLE,
    "admin/critical/<str:code>/": PEOPLE, "admin/critical/<str:code>/<str:act>/": PEOPLE,
    "refer/<str:encounter>/": TOWNSHIP, "refer/<str:encounter>/free/": TOWNSHIP, "refer/<str:encounter>/send/": TOWNSHIP,
    "referrals/": STAFF, "referral/<str:task>/": STAFF, "referral/<str:task>/<str:act>/": STAFF,
    "referral/<str:task>/green/<str:act>/": STAFF, "referral/<str:task>/link/": STAFF,
    "arrive/": FRONT, "arrive/<str:code>/": FRONT, "arrive/<str:code>/here/": FRONT,
    "out/<str:token>/": OPEN, "out/<str:token>/<str:act>/": OPEN,
    "desk/referral/": COORDINATORS, "desk/referral/save/": COORDINATORS,
    "p/referral/<str:task>/slip/": STAFF, "p/referral/<str:task>/consent/": STAFF, "p/referral/<str:task>/times/": STAFF,
    "r/<str:resident>/emergency/": STAFF, "r/<str:resident>/emergency/open/": STAFF,
    "r/<str:resident>/emergency/<str:task>/confirm/": STAFF,
}
