"""Language is told from what only looks like letters, in any language, and without a guess where there is little."""

from __future__ import annotations

import string
from random import Random

import pytest

from tclp_daemon.extract.legible import is_legible

ENGLISH = (
    "The Supplier shall deliver the goods to the Customer at the place named in the order and shall bear the cost of "
    "carriage. It reports to the Customer, at least once in each year, how much energy was used to make them."
)
LANGUAGES = {
    "Basque": "Hornitzaileak eskaeran adierazitako lekuan entregatu behar dizkio salgaiak bezeroari, eta garraioaren "
    "kostuak bere gain hartu behar ditu.",
    "Chinese": "供应商应当按照订单约定的地点向客户交付货物，并承担运输费用。双方同意本合同自签字之日起生效。",
    "Croatian": "Dobavljač isporučuje robu kupcu na mjestu navedenom u narudžbi i snosi troškove prijevoza robe.",
    "Czech": "Dodavatel dodá zboží zákazníkovi na místo uvedené v objednávce a ponese náklady na jeho dopravu.",
    "Dutch": "De leverancier bezorgt de goederen op de plaats die in de bestelling staat en betaalt het vervoer.",
    "Estonian": "Tarnija toimetab kauba kliendile tellimuses nimetatud kohta ning kannab kõik veokulud.",
    "Finnish": "Toimittaja toimittaa tavarat asiakkaalle tilauksessa mainittuun paikkaan ja maksaa kuljetuksen.",
    "French": "Le fournisseur livre les marchandises au lieu que le client indique et en supporte les frais.",
    "German": "Der Lieferant bringt die Waren an den Ort, den der Kunde nennt, und trägt die Kosten dafür.",
    "Greek": "Ο προμηθευτής παραδίδει τα εμπορεύματα στον τόπο που ορίζει ο πελάτης και βαρύνεται με τα έξοδα.",
    "Hungarian": "A szállító az árut a megrendelésben megjelölt helyre viszi, és a fuvarozás költségeit is állja.",
    "Indonesian": "Pemasok menyerahkan barang kepada pelanggan di tempat yang disebut dalam pesanan itu.",
    "Irish": "Seachadfaidh an soláthraí na hearraí chuig an gcustaiméir agus íocfaidh sé costas an iompair.",
    "Italian": "Il fornitore consegna la merce nel luogo indicato dal cliente e ne sostiene le spese.",
    "Japanese": "供給者は、注文に定める場所において商品を顧客に引き渡し、その運送にかかる費用を負担するものとする。",
    "Korean": "공급자는 주문서에 정한 장소에서 고객에게 물품을 인도하고 그 운송에 드는 비용을 부담하여야 한다.",
    "Latvian": "Piegādātājs nogādā preces pircējam pasūtījumā norādītajā vietā un sedz pārvadāšanas izmaksas.",
    "Lithuanian": "Tiekėjas pristato prekes pirkėjui į užsakyme nurodytą vietą ir padengia gabenimo išlaidas.",
    "Polish": "Dostawca dostarcza towary w miejscu, które wskazał klient, i ponosi koszty ich przewozu.",
    "Portuguese": "O fornecedor entrega a mercadoria no local que o cliente indicar e suporta os custos.",
    "Romanian": "Furnizorul livrează mărfurile la locul indicat de client și suportă costurile de transport.",
    "Russian": "Поставщик обязан доставить товары в место, указанное покупателем, и оплатить их перевозку.",
    "Spanish": "El proveedor entrega las mercancías en el lugar que indique el cliente y paga los gastos.",
    "Swedish": "Leverantören levererar varorna till den plats som kunden anger och betalar för frakten.",
    "Turkish": "Tedarikçi malları müşterinin gösterdiği yerde teslim eder ve taşıma masraflarını karşılar.",
    "Vietnamese": "Nhà cung cấp giao hàng cho khách hàng tại địa điểm ghi trong đơn đặt hàng và chịu chi phí vận "
    "chuyển hàng hóa.",
    "Welsh": "Rhaid i'r cyflenwr ddanfon y nwyddau i'r cwsmer yn y lle a enwir yn yr archeb a thalu am eu cludo.",
    "Arabic": "يلتزم المورد بتسليم البضائع إلى العميل في المكان المحدد في الطلب ويتحمل تكاليف النقل كاملة.",
    "Hebrew": "הספק ימסור את הסחורה ללקוח במקום הנקוב בהזמנה ויישא בעלות ההובלה של הסחורה עד אליו.",
}


def shifted(text: str, by: int) -> str:
    return "".join(letter if letter == " " else chr(ord(letter) + by) for letter in text)


@pytest.mark.parametrize("language", LANGUAGES)
def test_languages_are_legible(language: str) -> None:
    assert is_legible(LANGUAGES[language])
    assert is_legible(LANGUAGES[language].upper())


@pytest.mark.parametrize("by", [-31, -29, -28, -3, -1, 1, 2, 3, 5, 13, 29, 31])
def test_shifted_letters_are_not(by: int) -> None:
    assert is_legible(shifted(ENGLISH, by)) is False


def test_scattered_letters_are_mostly_not() -> None:
    random = Random(1)
    found = []
    for _ in range(100):
        letters = random.sample(string.ascii_lowercase, 26)
        found.append(
            is_legible(ENGLISH.lower().translate(dict(zip(map(ord, string.ascii_lowercase), letters, strict=True))))
        )
    assert found.count(False) >= 90


@pytest.mark.parametrize(
    "text",
    [
        ENGLISH.encode("utf-16-le").decode("utf-16-be"),
        LANGUAGES["Russian"].encode("cp1251").decode("latin-1"),
        "".join(chr(0xF000 + ord(letter)) if letter > " " else " " for letter in ENGLISH),
        "■■■ ■■■■■■■■ ■■■■■ ■■■■■■■ ■■■ ■■■■■ ■■ ■■■ ■■■■■■■■",
        "nnn nnnnnnnn nnnnn nnnnnnn nnn nnnnn nn nnn nnnnnnnn",
        "!\" #$%& '() *+,-. /:;<= >?@[ \\]^_ `{|} ~!\"# $%&' ()*+ ,-./ :;<=>",
    ],
)
def test_signs_that_are_no_language_are_not(text: str) -> None:
    assert is_legible(text) is False


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Schedule 2",
        "12.5 % 1,000 88",
        "1 2 3 " * 100,
        "XB-203-QT DN150 SDR17 PN16 " * 9,
        "____ " * 50,
        "- - - " * 40,
    ],
)
def test_what_has_few_words_is_left_undecided(text: str) -> None:
    assert is_legible(text) is None


def test_a_path_at_the_foot_of_every_page_is_no_cipher() -> None:
    assert is_legible("C:\\ABC LETTINGS\\House Forms\\ABC OFFICE LEASE.doc\n" * 12) is not False
